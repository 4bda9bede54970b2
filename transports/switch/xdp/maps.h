// What the acceptor in the kernel keeps, as acceptor.bpf.c and the process that loads it see it: C
// for both. Members are named as the registers are (slot_registers.h), and are numbers of this
// machine.
#ifndef SYNOD_TRANSPORTS_SWITCH_XDP_MAPS_H_
#define SYNOD_TRANSPORTS_SWITCH_XDP_MAPS_H_

#include <linux/bpf.h>
#include <linux/types.h>

// To be raised with each change of what follows.
enum { kSynodLayout = 1 };

// The control plane's: nothing else writes these. `lock` is held by whoever writes them, and by the
// program from where it reads them until it is done with promise and slot, so that no packet sees
// half of an incarnation, or is still under way in an acceptor that was disabled.
struct SynodControl {
  struct bpf_spin_lock lock;
  __u32 layout;  // kSynodLayout once it is in use: what was pinned may be another version's.
  __u32 enabled;
  __u32 group;
  __u32 incarnation_high;
  __u32 incarnation_low;
  __u32 trim;
};

// The program's, as what follows: written under the lock of SynodControl alone.
struct SynodPromise {
  __u32 highest;
  __u32 promised_round;
  __u32 promised_node;
  __u32 promised_high;
  __u32 promised_low;
  __u32 unused;  // Values of maps that are shared by mmap have a multiple of 8 bytes.
};

struct SynodSlot {
  __u32 generation;
  __u32 accepted_round;
  __u32 accepted_node;
  __u32 accepted_high;
  __u32 accepted_low;
  __u32 shape;
  __u32 value[8];
  __u32 unused[2];  // A line of the cache for each.
};

// Of one processor.
struct SynodCounters {
  __u64 answered;
  __u64 damaged;
};

#endif  // SYNOD_TRANSPORTS_SWITCH_XDP_MAPS_H_
