#include "tests/chaos/network.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/conformance/transport/loopback.h"

namespace synod::chaos {

namespace {

// What a pipe holds before it lets its sender wait.
constexpr size_t kMaxWaitingBytes = 4 * 1024 * 1024;

template <class T>
T OrDie(absl::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::cerr << "the proxy fails: " << result.status() << std::endl;
  std::abort();
}

tcp::SocketAddress AddressOf(const std::string& address) {
  return OrDie(tcp::Resolve(OrDie(tcp::ParseHostPort(address)))).front();
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

FaultyNetwork::FaultyNetwork(uint64_t seed)
    : wake_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), rng_(seed), thread_([this] { Run(); }) {}

FaultyNetwork::~FaultyNetwork() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  Wake();
  thread_.join();
}

std::string FaultyNetwork::AddRoute(NodeId from, NodeId to, const std::string& target) {
  const std::string address = testing::NewLoopbackAddress();
  const std::lock_guard lock(mutex_);
  routes_.push_back({.way = {from, to},
                     .listening = OrDie(tcp::ListenOn(address, {AddressOf(address)})),
                     .target = AddressOf(target)});
  Wake();
  return address;
}

void FaultyNetwork::Set(NodeId from, NodeId to, const Weather& weather) {
  const std::lock_guard lock(mutex_);
  weather_[{from, to}] = weather;
  Wake();
}

void FaultyNetwork::Heal() {
  const std::lock_guard lock(mutex_);
  weather_.clear();
  Wake();
}

NetworkStats FaultyNetwork::stats() const {
  const std::lock_guard lock(mutex_);
  return stats_;
}

void FaultyNetwork::Wake() const {
  const uint64_t one = 1;
  static_cast<void>(write(wake_.get(), &one, sizeof(one)));
}

const Weather& FaultyNetwork::WeatherOf(const Pipe& pipe) const {
  static const Weather fair;
  const auto found = weather_.find(pipe.way);
  return found == weather_.end() ? fair : found->second;
}

bool FaultyNetwork::Takes(const Connection& connection, const Pipe& pipe) const {
  return !connection.connecting && !pipe.ended && WeatherOf(pipe).kind != Weather::Kind::kStalled &&
         pipe.waiting_bytes < kMaxWaitingBytes;
}

bool FaultyNetwork::IsDue(const Connection& connection, const Pipe& pipe) const {
  return !connection.connecting && !pipe.waiting.empty() &&
         WeatherOf(pipe).kind == Weather::Kind::kOpen && pipe.waiting.front().due <= Clock::now();
}

void FaultyNetwork::Run() {
  std::vector<pollfd> watched;
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const int timeout = Watch(&watched);
    lock.unlock();
    poll(watched.data(), watched.size(), timeout);
    lock.lock();
    // Only this thread removes, and others add at the end of the routes: places have not moved.
    const pollfd* at = watched.data();
    if (at->revents != 0) {
      uint64_t count = 0;
      static_cast<void>(read(wake_.get(), &count, sizeof(count)));
    }
    ++at;
    for (Connection& connection : connections_) {
      Serve(connection, at);
      at += 2;
    }
    std::erase_if(connections_, [](const Connection& connection) { return connection.over; });
    for (const Route& route : routes_) {
      if (at == watched.data() + watched.size()) break;
      if ((at++)->revents != 0) Accept(route);
    }
  }
}

int FaultyNetwork::Watch(std::vector<pollfd>* watched) const {
  watched->clear();
  watched->push_back({.fd = wake_.get(), .events = POLLIN, .revents = 0});
  auto next = Clock::time_point::max();
  for (const Connection& connection : connections_) {
    for (int end = 0; end < 2; ++end) {
      const Pipe& from = connection.pipes[end];
      const Pipe& to = connection.pipes[1 - end];
      short events = Takes(connection, from) ? POLLIN : 0;
      if (IsDue(connection, to) || (connection.connecting && end == 1)) events |= POLLOUT;
      // poll reports a hang-up whether it is asked for or not: who is not to know it is left out.
      watched->push_back(
          {.fd = events != 0 ? connection.ends[end].get() : -1, .events = events, .revents = 0});
      const bool waits = !from.waiting.empty() && !IsDue(connection, from) &&
                         WeatherOf(from).kind == Weather::Kind::kOpen;
      if (waits) next = std::min(next, from.waiting.front().due);
    }
  }
  for (const Route& route : routes_) {
    watched->push_back({.fd = route.listening.get(), .events = POLLIN, .revents = 0});
  }
  if (next == Clock::time_point::max()) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - Clock::now());
  return std::max(0, static_cast<int>(wait.count()));
}

void FaultyNetwork::Accept(const Route& route) {
  tcp::Fd dialer(accept4(route.listening.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!dialer.IsOpen()) return;
  absl::StatusOr<tcp::Fd> dialed = tcp::BeginConnect(route.target);
  if (!dialed.ok()) return;
  tcp::ConfigureConnection(dialer.get(), {});
  tcp::ConfigureConnection(dialed->get(), {});
  Connection& connection = connections_.emplace_back();
  connection.ends[0] = std::move(dialer);
  connection.ends[1] = *std::move(dialed);
  connection.pipes[0].way = route.way;
  connection.pipes[1].way = {route.way.second, route.way.first};
  ++stats_.connections;
}

void FaultyNetwork::Serve(Connection& connection, const pollfd* ends) {
  if (connection.connecting && ends[1].revents != 0) {
    connection.connecting = false;
    connection.over = !tcp::ConnectResult(connection.ends[1].get()).ok();
    return;
  }
  for (int end = 0; end < 2 && !connection.over; ++end) {
    const Pipe& pipe = connection.pipes[end];
    if ((ends[end].revents & ~POLLOUT) != 0 && Takes(connection, pipe)) Receive(connection, end);
    if (!connection.over && IsDue(connection, pipe)) Deliver(connection, end);
    if (WeatherOf(pipe).kind != Weather::Kind::kOpen) continue;
    if (pipe.has_hole) ++stats_.connections_cut;
    if (pipe.has_hole || (pipe.ended && pipe.waiting.empty())) connection.over = true;
  }
}

void FaultyNetwork::Receive(Connection& connection, int from) {
  Pipe& pipe = connection.pipes[from];
  const Weather& weather = WeatherOf(pipe);
  std::array<char, 64 * 1024> buffer;
  const ssize_t size =
      recv(connection.ends[from].get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0 && WouldBlock()) return;
  pipe.ended = size <= 0;
  if (weather.kind == Weather::Kind::kDropped) {
    // That an end has closed is lost, too.
    pipe.has_hole = true;
    if (size > 0) stats_.bytes_dropped += static_cast<uint64_t>(size);
    return;
  }
  if (pipe.ended) return;
  if (weather.cut_one_in != 0 && rng_.Chance(1, weather.cut_one_in)) {
    ++stats_.connections_cut;
    connection.over = true;
    return;
  }
  Clock::time_point due = Clock::now() + weather.delay;
  due += Duration(static_cast<int64_t>(rng_.Below(static_cast<uint64_t>(weather.jitter.count()))));
  if (!pipe.waiting.empty()) due = std::max(due, pipe.waiting.back().due);
  pipe.waiting.push_back({due, std::string(buffer.data(), static_cast<size_t>(size))});
  pipe.waiting_bytes += static_cast<size_t>(size);
}

void FaultyNetwork::Deliver(Connection& connection, int from) {
  Pipe& pipe = connection.pipes[from];
  while (IsDue(connection, pipe)) {
    std::string& bytes = pipe.waiting.front().bytes;
    const ssize_t size = send(connection.ends[1 - from].get(), bytes.data(), bytes.size(),
                              MSG_NOSIGNAL | MSG_DONTWAIT);
    if (size < 0) {
      connection.over = !WouldBlock();
      return;
    }
    stats_.bytes_delivered += static_cast<uint64_t>(size);
    pipe.waiting_bytes -= static_cast<size_t>(size);
    bytes.erase(0, static_cast<size_t>(size));
    if (bytes.empty()) pipe.waiting.pop_front();
  }
}

}  // namespace synod::chaos
