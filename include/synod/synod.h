// Everything a service needs to replicate itself, but for the plugins that it chooses.
#ifndef SYNOD_SYNOD_H_
#define SYNOD_SYNOD_H_

#include "synod/node/bootstrap.h"
#include "synod/node/host.h"
#include "synod/node/refusal.h"
#include "synod/node/replica.h"
#include "synod/port/log_store.h"
#include "synod/port/state_machine.h"
#include "synod/port/transport.h"

#endif  // SYNOD_SYNOD_H_
