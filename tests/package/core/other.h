// A second source that uses the core.
#ifndef OTHER_H_
#define OTHER_H_

#include <synod/raft/raft.h>

synod::Raft NewCore();

#endif  // OTHER_H_
