// A process that cannot start threads.
#ifndef SYNOD_TESTS_SUPPORT_NO_THREADS_H_
#define SYNOD_TESTS_SUPPORT_NO_THREADS_H_

#include <cstddef>
#include <pthread.h>

namespace synod::test {

// While it lives, every new thread asks for a stack that no address space has room for.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t{1} << 52);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }
  NoThreads(const NoThreads&) = delete;
  NoThreads& operator=(const NoThreads&) = delete;

 private:
  pthread_attr_t before_;
};

}  // namespace synod::test

#endif  // SYNOD_TESTS_SUPPORT_NO_THREADS_H_
