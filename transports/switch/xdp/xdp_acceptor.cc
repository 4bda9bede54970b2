#include "synod/switch/xdp_acceptor.h"

#include <cerrno>
#include <linux/bpf.h>
#include <utility>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "attachment.h"
#include "kernel_error.h"
#include "kernel_registers.h"
#include "loaded_program.h"
#include "maps.h"
#include "pin_directory.h"

namespace synod::slots {

class XdpAcceptor::Impl {
 public:
  Impl(PinDirectory held, LoadedProgram loaded, KernelRegisters mapped, int counters_map)
      : directory(std::move(held)),
        program(std::move(loaded)),
        registers(std::move(mapped)),
        counters(counters_map),
        attachment(directory) {}

  PinDirectory directory;
  LoadedProgram program;
  KernelRegisters registers;
  int counters;
  Attachment attachment;
};

absl::StatusOr<std::unique_ptr<XdpAcceptor>> XdpAcceptor::Open(const XdpOptions& options) {
  if (options.address.address == 0 || options.address.port == 0) {
    return absl::InvalidArgumentError("an acceptor in the kernel needs its whole address and port");
  }
  PinDirectory directory;
  if (!options.directory.empty()) {
    auto held = PinDirectory::Hold(options.directory);
    if (!held.ok()) return held.status();
    directory = *std::move(held);
  }
  const std::string_view elf = options.program.empty() ? XdpProgram() : options.program;
  auto program = LoadedProgram::Load(elf, options.address, directory);
  if (!program.ok()) return program.status();
  auto registers = KernelRegisters::Of(*program);
  if (!registers.ok()) return registers.status();
  const auto counters = program->Map("counters", sizeof(SynodCounters));
  if (!counters.ok()) return counters.status();
  return std::unique_ptr<XdpAcceptor>(new XdpAcceptor(std::make_unique<Impl>(
      std::move(directory), *std::move(program), *std::move(registers), *counters)));
}

XdpAcceptor::XdpAcceptor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
XdpAcceptor::~XdpAcceptor() = default;

absl::Status XdpAcceptor::Attach(const std::string& interface, XdpMode mode) {
  return impl_->attachment.Attach(impl_->program.fd(), interface, mode);
}
absl::Status XdpAcceptor::Detach() { return impl_->attachment.Detach(); }
bool XdpAcceptor::IsAttached() const { return impl_->attachment.IsAttached(); }

uint32_t XdpAcceptor::Read(SlotRegister which, size_t index) const {
  return impl_->registers.Read(which, index);
}
absl::Status XdpAcceptor::Write(const RegisterWrite& write) {
  return impl_->registers.Write(write);
}
absl::Status XdpAcceptor::PowerCycle() { return impl_->registers.Clear(); }

absl::StatusOr<XdpCounters> XdpAcceptor::Counters() const {
  const int processors = libbpf_num_possible_cpus();
  if (processors < 0) return KernelError("cannot count the processors", -processors);
  std::vector<SynodCounters> each(static_cast<size_t>(processors));
  const uint32_t key = 0;
  if (bpf_map_lookup_elem(impl_->counters, &key, each.data()) != 0) {
    return KernelError("cannot read the counters", errno);
  }
  XdpCounters sum;
  for (const SynodCounters& one : each) {
    sum.answered += one.answered;
    sum.damaged += one.damaged;
  }
  return sum;
}

absl::StatusOr<XdpVerdict> XdpAcceptor::Run(std::span<const std::byte> frame) const {
  XdpVerdict verdict;
  verdict.frame.resize(frame.size());
  bpf_test_run_opts options{};
  options.sz = sizeof(options);
  options.data_in = frame.data();
  options.data_size_in = static_cast<uint32_t>(frame.size());
  options.data_out = verdict.frame.data();
  options.data_size_out = options.data_size_in;
  options.repeat = 1;
  int error = -EINTR;
  while (error == -EINTR) error = bpf_prog_test_run_opts(impl_->program.fd(), &options);
  if (error != 0) return KernelError("cannot run the program", -error);
  if (options.retval != XDP_TX && options.retval != XDP_PASS) {
    return absl::InternalError("the program ended with " + std::to_string(options.retval));
  }
  verdict.is_answered = options.retval == XDP_TX;
  verdict.frame.resize(options.data_size_out);
  return verdict;
}

}  // namespace synod::slots
