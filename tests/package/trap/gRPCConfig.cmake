message(FATAL_ERROR "gRPC was looked for, though nothing that was asked for needs it")
