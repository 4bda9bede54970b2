message(FATAL_ERROR "Protobuf was looked for, though nothing that was asked for needs it")
