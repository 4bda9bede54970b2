// A service without RocksDB: its log in memory, its network TCP. The other plugins that need
// nothing else link too.
#include <synod/local.h>
#include <synod/memory.h>
#include <synod/tcp.h>
#include <synod/wal.h>

#include "../counter.h"

int main() {
  const synod::local::Network unused;
  if (!synod::wal::Open("consumer-wal").ok()) return 1;
  return ReplicateOnce(synod::memory::Create(), synod::tcp::Listen("127.0.0.1:0", {}));
}
