// A file descriptor that is closed by its owner.
#ifndef SYNOD_TRANSPORTS_SWITCH_DESCRIPTOR_H_
#define SYNOD_TRANSPORTS_SWITCH_DESCRIPTOR_H_

#include <unistd.h>
#include <utility>

namespace synod::slots {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }

  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

}  // namespace synod::slots

#endif  // SYNOD_TRANSPORTS_SWITCH_DESCRIPTOR_H_
