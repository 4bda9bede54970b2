#include "bench/baseline.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include <rocksdb/db.h>

#include "bench/fail.h"
#include "bench/statistics.h"

namespace synod::bench {
namespace {

void Check(bool ok, const char* what) {
  if (ok) return;
  Fail(std::string(what) + ": " + std::strerror(errno));
}

constexpr size_t kPingBytes = 64;

// Answers every ping until the connection closes.
void Echo(int fd) {
  std::array<char, kPingBytes> ping;
  while (recv(fd, ping.data(), ping.size(), MSG_WAITALL) == ssize_t{kPingBytes}) {
    if (send(fd, ping.data(), ping.size(), MSG_NOSIGNAL) < 0) return;
  }
}

int Listen(sockaddr_in& address) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  Check(fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
            listen(fd, 1) == 0 &&
            getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0,
        "listening on loopback");
  return fd;
}

void SetNoDelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

}  // namespace

void PinTo(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(static_cast<size_t>(processor), &set);
  Check(sched_setaffinity(0, sizeof(set), &set) == 0, "binding to a processor");
}

double TcpRoundTripMicros(int processor, int rounds) {
  cpu_set_t before;
  Check(sched_getaffinity(0, sizeof(before), &before) == 0, "reading the processor set");
  PinTo(processor);
  sockaddr_in address;
  const int listener = Listen(address);
  const pid_t child = fork();
  Check(child >= 0, "fork");
  if (child == 0) {
    const int fd = accept(listener, nullptr, nullptr);
    SetNoDelay(fd);
    Echo(fd);
    _exit(0);
  }
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  Check(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0, "connecting");
  SetNoDelay(fd);
  std::array<char, kPingBytes> ping{};
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const Clock::time_point start = Clock::now();
    Check(send(fd, ping.data(), ping.size(), MSG_NOSIGNAL) == ssize_t{kPingBytes} &&
              recv(fd, ping.data(), ping.size(), MSG_WAITALL) == ssize_t{kPingBytes},
          "a TCP round trip");
    times.push_back(Micros(Clock::now() - start));
  }
  close(fd);
  close(listener);
  waitpid(child, nullptr, 0);
  Check(sched_setaffinity(0, sizeof(before), &before) == 0, "restoring the processor set");
  return Quantile(times, 0.5);
}

double SyncedPutsPerSecond(const std::string& directory, std::chrono::milliseconds duration) {
  ::rocksdb::Options options;
  options.create_if_missing = true;
  ::rocksdb::DB* raw = nullptr;
  const ::rocksdb::Status opened = ::rocksdb::DB::Open(options, directory, &raw);
  if (!opened.ok()) Fail("opening " + directory + ": " + opened.ToString());
  const std::unique_ptr<::rocksdb::DB> db(raw);
  ::rocksdb::WriteOptions synced;
  synced.sync = true;
  const std::string value(256, 'v');
  const Clock::time_point start = Clock::now();
  int puts = 0;
  while (Clock::now() - start < duration) {
    Check(db->Put(synced, std::to_string(puts), value).ok(), "a synced put");
    ++puts;
  }
  return puts / Seconds(Clock::now() - start);
}

}  // namespace synod::bench
