// A service with a durable log, in a directory that outlives the process: run again, it goes on.
#include <synod/rocksdb.h>
#include <synod/tcp.h>

#include "../counter.h"

int main() {
  return ReplicateOnce(synod::rocksdb::Open("consumer-log"), synod::tcp::Listen("127.0.0.1:0", {}));
}
