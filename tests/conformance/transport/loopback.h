// Addresses on this machine that no other process uses.
#ifndef SYNOD_TESTS_CONFORMANCE_TRANSPORT_LOOPBACK_H_
#define SYNOD_TESTS_CONFORMANCE_TRANSPORT_LOOPBACK_H_

#include <string>
#include <unistd.h>

namespace synod::testing {

// Each process has an address in 127.0.0.0/8 to itself, after its number, and so all of its ports:
// tests that run side by side never meet.
inline std::string NewLoopbackAddress() {
  static int next_port = 20'000;
  const int pid = getpid();
  return "127." + std::to_string(1 + (pid >> 16) % 200) + "." + std::to_string((pid >> 8) % 256) +
         "." + std::to_string(pid % 256) + ":" + std::to_string(next_port++);
}

}  // namespace synod::testing

#endif  // SYNOD_TESTS_CONFORMANCE_TRANSPORT_LOOPBACK_H_
