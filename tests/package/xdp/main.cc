// The acceptor in the kernel, as far as anybody may go: its program is in the library, and an
// address that is not whole is refused before the kernel is asked.
#include <cstdio>

#include <synod/switch/xdp_acceptor.h>

int main() {
  const auto opened = synod::slots::XdpAcceptor::Open({.address = {.address = 0, .port = 7400}});
  std::printf("a program of %zu bytes; %s\n", synod::slots::XdpProgram().size(),
              opened.status().ToString().c_str());
  return !synod::slots::XdpProgram().empty() && absl::IsInvalidArgument(opened.status()) ? 0 : 1;
}
