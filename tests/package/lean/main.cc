// A service without RocksDB: its log in memory, its network TCP. The plugin for tests links too.
#include <synod/local.h>
#include <synod/memory.h>
#include <synod/tcp.h>

#include "../counter.h"

int main() {
  const synod::local::Network unused;
  return ReplicateOnce(synod::memory::Create(), synod::tcp::Listen("127.0.0.1:0", {}));
}
