#include "control_port.h"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

#include "../sockets.h"

namespace synod::slots {
namespace {

constexpr size_t kMaxClients = 16;
constexpr size_t kMaxLineBytes = 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<ControlPort>> ControlPort::Listen(Endpoint address) {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const absl::StatusOr<Endpoint> bound = BindTo(socket.get(), address);
  if (!bound.ok()) return bound.status();
  if (listen(socket.get(), kMaxClients) != 0) {
    return absl::UnavailableError("cannot listen at " + Describe(address) + ": " +
                                  std::strerror(errno));
  }
  std::unique_ptr<ControlPort> port(new ControlPort(std::move(socket)));
  port->address_ = *bound;
  return port;
}

void ControlPort::AddTo(std::vector<pollfd>& polled) const {
  polled.push_back({.fd = socket_.get(), .events = POLLIN, .revents = 0});
  for (const Client& client : clients_) {
    polled.push_back({.fd = client.socket.get(), .events = POLLIN, .revents = 0});
  }
}

void ControlPort::Accept() {
  while (true) {
    Descriptor client(accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.get() < 0) return;
    const int on = 1;
    setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    // The one that has been silent for longest is as good as any.
    if (clients_.size() == kMaxClients) clients_.erase(clients_.begin());
    clients_.push_back({.socket = std::move(client), .received = {}});
  }
}

bool ControlPort::ServeOne(Client& client,
                           absl::FunctionRef<std::string(std::string_view)> answer) {
  char piece[kMaxLineBytes];
  const ssize_t size = recv(client.socket.get(), piece, sizeof(piece), MSG_DONTWAIT);
  if (size < 0) return errno == EAGAIN || errno == EINTR;
  if (size == 0) return false;
  client.received.append(piece, static_cast<size_t>(size));
  std::string answers;
  size_t start = 0;
  for (size_t end = client.received.find('\n'); end != std::string::npos;
       end = client.received.find('\n', start)) {
    answers += answer(std::string_view(client.received).substr(start, end - start)) + "\n";
    start = end + 1;
  }
  client.received.erase(0, start);
  if (client.received.size() > kMaxLineBytes) return false;
  const ssize_t sent =
      send(client.socket.get(), answers.data(), answers.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(answers.size());
}

void ControlPort::Serve(absl::FunctionRef<std::string(std::string_view)> answer) {
  Accept();
  std::erase_if(clients_, [&](Client& client) { return !ServeOne(client, answer); });
}

}  // namespace synod::slots
