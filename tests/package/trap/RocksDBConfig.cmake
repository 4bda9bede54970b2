message(FATAL_ERROR "RocksDB was looked for, though nothing that was asked for needs it")
