// synod-kv-load: puts a cluster under load and remembers what it was told of every write, to check
// afterwards whether it is true.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <grpc/support/log.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "kv/errors.h"
#include "kv/proto/etcdserver.grpc.pb.h"

namespace {

using Clock = std::chrono::steady_clock;
using etcdserverpb::KV;

constexpr char kHelp[] =
    R"(synod-kv-load writes through several clients at once, and checks later that what it was told is
true: nothing that was acknowledged is missing, nothing that was refused is there, and nothing was
executed twice.

  synod-kv-load run --endpoints=HOST:PORT,… --record=FILE [--clients=N] [--seconds=N]
      Puts keys that nobody else uses, each once, until the time is over (default 10) or SIGTERM or
      SIGINT comes. A client that fails goes on at the next endpoint. Adds "key value" to FILE for
      each write that was acknowledged and to FILE.refused for each that was refused, and prints
      what came of all.
  synod-kv-load verify --endpoints=HOST:PORT,… --record=FILE
      Reads all keys of all runs through the first endpoint, linearizably, and prints how many of
      those in FILE are missing or have another value, how many of those in FILE.refused are there
      all the same, and how many were written more than once. Exits with 1 if any.
)";

struct Options {
  std::string verb;
  std::vector<std::string> endpoints;
  std::string record;
  int clients = 16;
  int seconds = 10;
};

std::shared_ptr<grpc::Channel> Connect(const std::string& endpoint) {
  grpc::ChannelArguments arguments;
  // What is sent twice could not be told from what was executed twice.
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(endpoint, grpc::InsecureChannelCredentials(), arguments);
}

std::string RefusedRecord(const std::string& record) { return record + ".refused"; }

// What all clients have achieved together.
class Tally {
 public:
  explicit Tally(const std::string& record)
      : acknowledged_record_(record, std::ios::app),
        refused_record_(RefusedRecord(record), std::ios::app) {}

  [[nodiscard]] bool is_open() const {
    return acknowledged_record_.is_open() && refused_record_.is_open();
  }

  void Acknowledged(const std::string& key, const std::string& value) {
    std::lock_guard lock(mutex_);
    // Flushed, so that others can follow the progress.
    acknowledged_record_ << key << ' ' << value << std::endl;
    NotePause();
    last_ = Clock::now();
    ++acknowledged_;
  }

  void Failed(const std::string& key, const std::string& value, const grpc::Status& status) {
    std::lock_guard lock(mutex_);
    if (!synod_kv::WasNotExecuted(status)) {
      ++unknown_;
      return;
    }
    refused_record_ << key << ' ' << value << std::endl;
    ++refused_;
  }

  // False if the record could not be written.
  bool Print(Clock::duration elapsed) {
    std::lock_guard lock(mutex_);
    NotePause();
    const double seconds = std::chrono::duration<double>(elapsed).count();
    const auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(longest_pause_);
    std::printf(
        "acknowledged %lld\nper_second %.0f\nrefused %lld\nunknown %lld\n"
        "longest_pause_ms %lld\n",
        static_cast<long long>(acknowledged_), static_cast<double>(acknowledged_) / seconds,
        static_cast<long long>(refused_), static_cast<long long>(unknown_),
        static_cast<long long>(pause.count()));
    return acknowledged_record_.good() && refused_record_.good();
  }

 private:
  void NotePause() {
    if (acknowledged_ > 0) longest_pause_ = std::max(longest_pause_, Clock::now() - last_);
  }

  std::mutex mutex_;
  std::ofstream acknowledged_record_;
  std::ofstream refused_record_;
  int64_t acknowledged_ = 0;
  int64_t refused_ = 0;
  int64_t unknown_ = 0;
  Clock::time_point last_;
  Clock::duration longest_pause_{};
};

void WriteUntil(const std::atomic<bool>& stop, const Options& options, const std::string& prefix,
                size_t client, Tally* tally) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (const std::string& endpoint : options.endpoints) channels.push_back(Connect(endpoint));
  size_t at = client;
  for (int64_t sequence = 0; !stop; ++sequence) {
    const auto& channel = channels[at % channels.size()];
    // Tried only over a connection that stands: what fails otherwise is no write's failure. Waiting
    // is what lets gRPC connect, since it has no threads of its own for that.
    const auto patience = std::chrono::system_clock::now() + std::chrono::milliseconds(10);
    if (!channel->WaitForConnected(patience)) {
      ++at;
      continue;
    }
    etcdserverpb::PutRequest request;
    request.set_key(prefix + std::to_string(client) + "/" + std::to_string(sequence));
    request.set_value(std::to_string(client + 1) + "." + std::to_string(sequence * 7919));
    etcdserverpb::PutResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(3));
    const grpc::Status status = KV::NewStub(channel)->Put(&context, request, &response);
    if (status.ok()) {
      tally->Acknowledged(request.key(), request.value());
    } else {
      // The key is given up, since it may have been written, and the client does not hammer.
      tally->Failed(request.key(), request.value(), status);
      ++at;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}

int Run(const Options& options) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  Tally tally(options.record);
  if (!tally.is_open()) {
    std::fprintf(stderr, "synod-kv-load: cannot write to %s\n", options.record.c_str());
    return 1;
  }
  const std::string prefix = "load/" + std::to_string(std::random_device()()) + "/";
  std::atomic<bool> stop = false;
  std::vector<std::thread> clients;
  clients.reserve(static_cast<size_t>(options.clients));
  const Clock::time_point start = Clock::now();
  for (int client = 0; client < options.clients; ++client) {
    clients.emplace_back(WriteUntil, std::cref(stop), std::cref(options), prefix,
                         static_cast<size_t>(client), &tally);
  }
  const timespec time{.tv_sec = options.seconds, .tv_nsec = 0};
  sigtimedwait(&signals, nullptr, &time);
  stop = true;
  for (std::thread& client : clients) client.join();
  return tally.Print(Clock::now() - start) ? 0 : 1;
}

using Pairs = std::map<std::string, mvccpb::KeyValue>;

// Everything below load/, as of one moment; false if it cannot be read.
bool ReadAll(const std::string& endpoint, Pairs* pairs) {
  const std::unique_ptr<KV::Stub> stub = KV::NewStub(Connect(endpoint));
  etcdserverpb::RangeRequest request;
  request.set_key("load/");
  request.set_range_end("load0");
  request.set_limit(5000);
  for (bool more = true; more;) {
    etcdserverpb::RangeResponse response;
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    const grpc::Status status = stub->Range(&context, request, &response);
    if (!status.ok()) {
      std::fprintf(stderr, "synod-kv-load: cannot read from %s: %s\n", endpoint.c_str(),
                   status.error_message().c_str());
      return false;
    }
    for (const auto& kv : response.kvs()) pairs->emplace(kv.key(), kv);
    if (response.kvs_size() > 0) request.set_key(response.kvs().rbegin()->key() + '\0');
    request.set_revision(response.header().revision());
    more = response.more();
  }
  return true;
}

// Calls visit(key, value) for each line of a record; false if it cannot be read.
template <class Visit>
bool ForEachLine(const std::string& path, Visit visit) {
  std::ifstream record(path);
  if (!record) {
    std::fprintf(stderr, "synod-kv-load: cannot read %s\n", path.c_str());
    return false;
  }
  std::string key;
  std::string value;
  while (record >> key >> value) visit(key, value);
  return true;
}

// How often something was found, and each time a line about it.
class Findings {
 public:
  explicit Findings(const char* what) : what_(what) {}

  void Add(const std::string& key) {
    ++count_;
    std::fprintf(stderr, "synod-kv-load: %s: %s\n", what_, key.c_str());
  }
  [[nodiscard]] size_t count() const { return count_; }

 private:
  const char* what_;
  size_t count_ = 0;
};

int Verify(const Options& options) {
  Pairs pairs;
  if (!ReadAll(options.endpoints.front(), &pairs)) return 1;
  size_t checked = 0;
  Findings missing("acknowledged and missing");
  Findings wrong("acknowledged with another value");
  Findings executed("refused and executed all the same");
  Findings twice("executed more than once");
  const bool complete =
      ForEachLine(options.record,
                  [&](const std::string& key, const std::string& value) {
                    ++checked;
                    const auto found = pairs.find(key);
                    if (found == pairs.end()) {
                      missing.Add(key);
                    } else if (found->second.value() != value) {
                      wrong.Add(key);
                    }
                  }) &&
      ForEachLine(RefusedRecord(options.record), [&](const std::string& key, const std::string&) {
        if (pairs.count(key) != 0) executed.Add(key);
      });
  // Every key is put by one request only, whatever came of that.
  for (const auto& [key, pair] : pairs) {
    if (pair.version() != 1) twice.Add(key);
  }
  std::printf("checked %zu\nmissing %zu\nwrong %zu\nrefused_but_executed %zu\ntwice %zu\n", checked,
              missing.count(), wrong.count(), executed.count(), twice.count());
  const bool good = missing.count() + wrong.count() + executed.count() + twice.count() == 0;
  return complete && checked > 0 && good ? 0 : 1;
}

bool ParsePositive(std::string_view text, int* value) {
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *value);
  return error == std::errc() && stop == end && *value > 0;
}

bool ParseOption(std::string_view argument, Options* options) {
  const size_t equals = argument.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string_view name = argument.substr(0, equals);
  std::string_view value = argument.substr(equals + 1);
  if (name == "--record") options->record = value;
  if (name == "--clients") return ParsePositive(value, &options->clients);
  if (name == "--seconds") return ParsePositive(value, &options->seconds);
  if (name == "--endpoints") {
    while (!value.empty()) {
      const size_t comma = std::min(value.find(','), value.size());
      options->endpoints.emplace_back(value.substr(0, comma));
      value.remove_prefix(std::min(comma + 1, value.size()));
    }
  }
  return name == "--record" || name == "--endpoints";
}

}  // namespace

int main(int argc, char** argv) {
  gpr_set_log_function([](gpr_log_func_args*) {});
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") {
      std::fputs(kHelp, stdout);
      return 0;
    }
    if (i == 1) {
      options.verb = argument;
    } else if (!ParseOption(argument, &options)) {
      std::fprintf(stderr, "synod-kv-load: '%s' is not understood; try --help\n", argv[i]);
      return 2;
    }
  }
  if (options.endpoints.empty() || options.record.empty() ||
      (options.verb != "run" && options.verb != "verify")) {
    std::fprintf(stderr,
                 "synod-kv-load: say run or verify, --endpoints and --record; try --help\n");
    return 2;
  }
  return options.verb == "run" ? Run(options) : Verify(options);
}
