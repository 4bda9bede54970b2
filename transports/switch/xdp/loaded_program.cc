#include "loaded_program.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "kernel_error.h"

namespace synod::slots {
namespace {

constexpr const char* kPinned[] = {"control", "promise", "slots", "counters"};

std::mutex print_mutex;  // Held by who has replaced libbpf's function for messages.
thread_local std::string* collected_messages = nullptr;

// Takes libbpf's warnings, which say more than its error numbers, for as long as this exists.
// libbpf has one function for them in a process.
class MessageCollector {
 public:
  MessageCollector() : lock_(print_mutex) {
    collected_messages = &text_;
    previous_ = libbpf_set_print(&Collect);
  }
  ~MessageCollector() {
    libbpf_set_print(previous_);
    collected_messages = nullptr;
  }
  MessageCollector(const MessageCollector&) = delete;
  MessageCollector& operator=(const MessageCollector&) = delete;

  // Of a program that was refused, this is long.
  [[nodiscard]] std::string text() const {
    constexpr size_t kMaxBytes = 4000;
    return text_.size() <= kMaxBytes ? text_ : "…" + text_.substr(text_.size() - kMaxBytes);
  }

 private:
  static int Collect(libbpf_print_level level, const char* format, va_list arguments) {
    if (level != LIBBPF_WARN || collected_messages == nullptr) return 0;
    va_list again;
    va_copy(again, arguments);
    const int bytes = std::vsnprintf(nullptr, 0, format, arguments);
    if (bytes > 0) {
      std::string message(static_cast<size_t>(bytes) + 1, '\0');
      std::vsnprintf(message.data(), message.size(), format, again);
      message.pop_back();
      *collected_messages += message;
    }
    va_end(again);
    return bytes;
  }

  std::lock_guard<std::mutex> lock_;
  std::string text_;
  libbpf_print_fn_t previous_ = nullptr;
};

// The constants of acceptor.bpf.c, in their order.
struct OwnAddress {
  uint32_t address;
  uint16_t port;
};

// Into the section of constants, which libbpf makes a map of.
bool SetOwnAddress(bpf_object* object, Endpoint endpoint) {
  bpf_map* constants = nullptr;
  bpf_map* map = nullptr;
  bpf_object__for_each_map(map, object) {
    if (std::string_view(bpf_map__name(map)).ends_with(".rodata")) constants = map;
  }
  size_t bytes = 0;
  const void* begin = constants == nullptr ? nullptr : bpf_map__initial_value(constants, &bytes);
  const OwnAddress own{.address = htonl(endpoint.address), .port = htons(endpoint.port)};
  if (begin == nullptr || bytes < offsetof(OwnAddress, port) + sizeof(own.port)) return false;
  std::string values(static_cast<const char*>(begin), bytes);
  std::memcpy(values.data(), &own, offsetof(OwnAddress, port) + sizeof(own.port));
  return bpf_map__set_initial_value(constants, values.data(), bytes) == 0;
}

}  // namespace

void LoadedProgram::Close::operator()(bpf_object* object) const { bpf_object__close(object); }

absl::StatusOr<LoadedProgram> LoadedProgram::Load(std::string_view elf, Endpoint address,
                                                  const PinDirectory& directory) {
  const MessageCollector messages;
  const auto refused = [&messages](const std::string& what, int error) {
    return KernelError(what + " (" + messages.text() + ")", error);
  };
  bpf_object_open_opts open_options{};
  open_options.sz = sizeof(open_options);
  open_options.object_name = "synod_acceptor";
  Object object(bpf_object__open_mem(elf.data(), elf.size(), &open_options));
  if (object == nullptr) return refused("this is no XDP acceptor", errno);
  bpf_program* const program = bpf_object__find_program_by_name(object.get(), "acceptor");
  if (program == nullptr || !SetOwnAddress(object.get(), address)) {
    return refused("this is no XDP acceptor", EINVAL);
  }
  for (const char* const name : kPinned) {
    bpf_map* const map = bpf_object__find_map_by_name(object.get(), name);
    if (map == nullptr) return refused(std::string("the program has no map ") + name, EINVAL);
    if (directory.IsNone()) continue;
    if (bpf_map__set_pin_path(map, directory.File(name).c_str()) != 0) {
      return refused("cannot pin " + directory.File(name), errno);
    }
  }
  if (const int error = bpf_object__load(object.get()); error != 0) {
    // The verifier says EACCES of a program that it finds wrong, whoever asks.
    return refused("the kernel does not take the program", error == -EACCES ? EINVAL : -error);
  }
  const int fd = bpf_program__fd(program);
  return LoadedProgram(std::move(object), fd);
}

absl::StatusOr<int> LoadedProgram::Map(const char* name, size_t value_bytes) const {
  const bpf_map* const map = bpf_object__find_map_by_name(object_.get(), name);
  if (map == nullptr || bpf_map__value_size(map) != value_bytes) {
    return absl::FailedPreconditionError(std::string("the program's map ") + name +
                                         " is not as it should be");
  }
  return bpf_map__fd(map);
}

}  // namespace synod::slots
