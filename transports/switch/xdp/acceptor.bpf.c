// A Paxos acceptor for one group of Synod's in the kernel's data path: an XDP program, which
// answers from the driver's hook and means the same as acceptor.p4 and slot_acceptor.cc, word for
// word.
//
// What is not a request to the own address goes on to the kernel as it came: other traffic, a
// datagram of another size (which is what a value is in that does not fit into a slot), and what
// arrived damaged, which the kernel drops itself.
//
// Packets are processed on several processors at once, if the interface has several queues. A
// promise holds for all slots, so there is one lock for the whole acceptor: the same one covers the
// reading of the control plane's words, the promise check, and the slot. Split in two, an accept
// below a promise that was answered meanwhile would get through.
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "maps.h"

enum {
  kMagic = 0x5359,
  kVersion = 1,
  kWindowSlots = 65536,
  kWindowChunks = 16,
  kMaxValueBytes = 32,
  kValueWords = 8,
  kTimeToLive = 64,
  kIpv4Words = 5,
};

enum { k1a = 0x01, k2a = 0x02, kAnswerBit = 0x80 };

enum {
  kDone = 0,
  kPromisedHigher = 1,
  kNotAVoter = 2,
  kWrongIncarnation = 3,
  kWrongGroup = 4,
  kOutsideWindow = 5,
  kSlotReused = 6,
  kSlotOverflow = 7,
  kValueTooLarge = 8,
  kMalformed = 9,
  kUnsupportedVersion = 10,
};

struct Ballot {
  __be32 round;
  __be32 node;
  __be32 high;
  __be32 low;
};

// The same for requests and answers; docs/switch.md says what each is.
struct SlotPacket {
  __be16 magic;
  __u8 version;
  __u8 message;
  __u8 outcome;
  __u8 reserved[3];
  __be32 group;
  __be32 cookie[2];
  __be32 incarnation_high;
  __be32 incarnation_low;
  struct Ballot ballot;
  __be32 slot_high;
  __be32 slot_low;
  __be32 trim;
  __be32 highest;
  struct Ballot promised;
  struct Ballot accepted;
  __be32 shape;
  __be32 value[kValueWords];
};

enum {
  kUdpBytes = sizeof(struct udphdr) + sizeof(struct SlotPacket),
  kIpv4Bytes = sizeof(struct iphdr) + kUdpBytes,
  kFrameBytes = sizeof(struct ethhdr) + kIpv4Bytes,
};
_Static_assert(sizeof(struct SlotPacket) == 128, "a slot packet has 128 bytes");

// Where a frame's headers are.
struct Frame {
  struct ethhdr* ethernet;
  struct iphdr* ipv4;
  struct udphdr* udp;
  struct SlotPacket* slot;
};

// This acceptor's address, as it is in packets. Set before the program is loaded.
const volatile __be32 own_address = 0;
const volatile __be16 own_port = 0;

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct SynodControl);
} control SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct SynodPromise);
} promise SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, kWindowSlots);
  __type(key, __u32);
  __type(value, struct SynodSlot);
} slots SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, __u32);
  __type(value, struct SynodCounters);
} counters SEC(".maps");

// The one's complement sum of words, from `sum` on, not folded yet. Unrolled once it is inlined, as
// it must be: who has CAP_BPF alone may load no program that computes where to read.
static __always_inline __u64 AddWords(const void* words, int count, __u64 sum) {
  const __u32* word = words;
  for (int i = 0; i < count; ++i) sum += word[i];
  return sum;
}

static __always_inline __u16 Fold(__u64 sum) {
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 32) + (sum & 0xffffffff);
  sum = (sum >> 16) + (sum & 0xffff);
  sum = (sum >> 16) + (sum & 0xffff);
  return sum;
}

static __always_inline __u16 SumIpv4(const struct Frame* frame) {
  return Fold(AddWords(frame->ipv4, kIpv4Words, 0));
}

// Over the header, the payload, and what UDP sums of IPv4's header.
static __always_inline __u16 SumUdp(const struct Frame* frame) {
  __u64 sum = bpf_htons(IPPROTO_UDP) + bpf_htons(kUdpBytes);
  sum = AddWords(&frame->ipv4->saddr, 2, sum);
  return Fold(AddWords(frame->udp, kUdpBytes / 4, sum));
}

// Is the frame one that is a slot packet's in all but what is in it? Fragments, options and other
// lengths are somebody else's, and nobody answers as a group of stations.
static __always_inline int HasShape(const struct Frame* frame) {
  const struct iphdr* ipv4 = frame->ipv4;
  return (frame->ethernet->h_dest[0] & 1) == 0 && frame->ethernet->h_proto == bpf_htons(ETH_P_IP) &&
         ipv4->version == 4 && ipv4->ihl == kIpv4Words && ipv4->tot_len == bpf_htons(kIpv4Bytes) &&
         (ipv4->frag_off & bpf_htons(0x3fff)) == 0 && ipv4->protocol == IPPROTO_UDP &&
         frame->udp->len == bpf_htons(kUdpBytes);
}

// Verified over the data and the checksum itself. UDP's may be zero, which says that the sender
// computed none.
static __always_inline int IsDamaged(const struct Frame* frame) {
  if (SumIpv4(frame) != 0xffff) return 1;
  return frame->udp->check != 0 && SumUdp(frame) != 0xffff;
}

static __always_inline __u32 ChunkOf(const struct SlotPacket* packet) {
  return bpf_ntohl(packet->slot_high) << 20 | bpf_ntohl(packet->slot_low) >> 12;
}

static __always_inline __u32 GenerationOf(const struct SlotPacket* packet) {
  return bpf_ntohl(packet->slot_high) << 16 | bpf_ntohl(packet->slot_low) >> 16;
}

// What is wrong with a request whoever is asked.
static __always_inline __u8 CheckForm(const struct SlotPacket* packet) {
  const int is_2a = packet->message == k2a;
  if (packet->version != kVersion) return kUnsupportedVersion;
  if ((packet->message != k1a && !is_2a) || packet->ballot.round == 0) return kMalformed;
  if (is_2a && (bpf_ntohl(packet->shape) & 0xff) > kMaxValueBytes) return kValueTooLarge;
  if (bpf_ntohl(packet->slot_high) >> 12 != 0) return kSlotOverflow;
  return kDone;
}

// The acceptor's own part of the answer: who it is. What follows is called under the lock.
struct Identity {
  __u32 high;  // Zero unless it is enabled.
  __u32 low;
  __u32 trim;
};

static __always_inline struct Identity ReadIdentity(const struct SynodControl* control) {
  struct Identity identity = {.trim = control->trim};
  if (control->enabled != 0) {
    identity.high = control->incarnation_high;
    identity.low = control->incarnation_low;
  }
  return identity;
}

static __always_inline __u8 CheckAddressee(const struct SlotPacket* packet,
                                           const struct SynodControl* control,
                                           const struct Identity* identity) {
  const __u32 chunk = ChunkOf(packet);
  if (identity->high == 0 && identity->low == 0) return kNotAVoter;
  if (bpf_ntohl(packet->group) != control->group) return kWrongGroup;
  if (bpf_ntohl(packet->incarnation_high) != identity->high ||
      bpf_ntohl(packet->incarnation_low) != identity->low) {
    return kWrongIncarnation;
  }
  if (chunk < identity->trim || chunk - identity->trim >= kWindowChunks) return kOutsideWindow;
  return kDone;
}

// Compares the promise with the request's ballot and raises it, for all slots. What the answer says
// of it is in `promised`.
static __always_inline __u8 Promise(const struct Ballot* ballot, struct SynodPromise* promise,
                                    struct Ballot* promised) {
  const __u64 first = (__u64)bpf_ntohl(ballot->round) << 32 | bpf_ntohl(ballot->node);
  const __u64 second = (__u64)bpf_ntohl(ballot->high) << 32 | bpf_ntohl(ballot->low);
  const __u64 held_first = (__u64)promise->promised_round << 32 | promise->promised_node;
  const __u64 held_second = (__u64)promise->promised_high << 32 | promise->promised_low;
  if (first < held_first || (first == held_first && second < held_second)) {
    promised->round = bpf_htonl(promise->promised_round);
    promised->node = bpf_htonl(promise->promised_node);
    promised->high = bpf_htonl(promise->promised_high);
    promised->low = bpf_htonl(promise->promised_low);
    return kPromisedHigher;
  }
  promise->promised_round = first >> 32;
  promise->promised_node = first;
  promise->promised_high = second >> 32;
  promise->promised_low = second;
  *promised = *ballot;
  return kDone;
}

static __always_inline void WriteSlot(struct SlotPacket* packet, struct SynodSlot* slot) {
  slot->generation = GenerationOf(packet);
  slot->accepted_round = bpf_ntohl(packet->ballot.round);
  slot->accepted_node = bpf_ntohl(packet->ballot.node);
  slot->accepted_high = bpf_ntohl(packet->ballot.high);
  slot->accepted_low = bpf_ntohl(packet->ballot.low);
  slot->shape = bpf_ntohl(packet->shape);
#pragma unroll
  for (int i = 0; i < kValueWords; ++i) slot->value[i] = bpf_ntohl(packet->value[i]);
  packet->accepted = packet->ballot;
}

static __always_inline void ReadSlot(const struct SynodSlot* slot, struct SlotPacket* packet) {
  packet->accepted.round = bpf_htonl(slot->accepted_round);
  packet->accepted.node = bpf_htonl(slot->accepted_node);
  packet->accepted.high = bpf_htonl(slot->accepted_high);
  packet->accepted.low = bpf_htonl(slot->accepted_low);
  packet->shape = bpf_htonl(slot->shape);
#pragma unroll
  for (int i = 0; i < kValueWords; ++i) packet->value[i] = bpf_htonl(slot->value[i]);
}

static __always_inline void ReadNothing(struct SlotPacket* packet) {
  packet->shape = 0;
#pragma unroll
  for (int i = 0; i < kValueWords; ++i) packet->value[i] = 0;
}

// The cells are shared with all slots that are equal modulo kWindowSlots: an earlier one's content
// reads as nothing and is overwritten, a later one's is not touched (I8).
static __always_inline __u8 AnswerInSlot(struct SlotPacket* packet, struct SynodSlot* slot,
                                         struct SynodPromise* promise) {
  const __u32 generation = GenerationOf(packet);
  const __u32 chunk = ChunkOf(packet);
  if (slot->generation > generation) return kSlotReused;
  if (packet->message == k2a) {
    WriteSlot(packet, slot);
    if (chunk > promise->highest) promise->highest = chunk;
  } else if (slot->generation == generation) {
    ReadSlot(slot, packet);
  } else {
    ReadNothing(packet);
  }
  packet->highest = bpf_htonl(promise->highest);
  return kDone;
}

// The answer begins as the request does, with nothing in what only answers have.
static __always_inline void ClearAnswer(struct SlotPacket* packet) {
  const struct Ballot none = {};
  packet->highest = 0;
  packet->promised = none;
  packet->accepted = none;
}

// Turns the request around. UDP sends a sum of zero as 0xffff, since zero says that there is none.
static __always_inline void SendBack(const struct Frame* frame) {
  struct ethhdr* ethernet = frame->ethernet;
  struct iphdr* ipv4 = frame->ipv4;
  struct udphdr* udp = frame->udp;
  __u8 station[ETH_ALEN];
  __builtin_memcpy(station, ethernet->h_source, ETH_ALEN);
  __builtin_memcpy(ethernet->h_source, ethernet->h_dest, ETH_ALEN);
  __builtin_memcpy(ethernet->h_dest, station, ETH_ALEN);
  const __be32 address = ipv4->saddr;
  ipv4->saddr = ipv4->daddr;
  ipv4->daddr = address;
  ipv4->ttl = kTimeToLive;
  ipv4->check = 0;
  ipv4->check = ~SumIpv4(frame);
  const __be16 port = udp->source;
  udp->source = udp->dest;
  udp->dest = port;
  udp->check = 0;
  const __u16 check = ~SumUdp(frame);
  udp->check = check == 0 ? 0xffff : check;
}

// What a request asks for, and all of the answer that is in the slot packet.
static __always_inline void Answer(struct SlotPacket* packet, struct SynodControl* control,
                                   struct SynodPromise* promise, struct SynodSlot* slot) {
  __u8 outcome = CheckForm(packet);
  ClearAnswer(packet);
  bpf_spin_lock(&control->lock);
  const struct Identity identity = ReadIdentity(control);
  if (outcome == kDone) outcome = CheckAddressee(packet, control, &identity);
  if (outcome == kDone) outcome = Promise(&packet->ballot, promise, &packet->promised);
  if (outcome == kDone) outcome = AnswerInSlot(packet, slot, promise);
  bpf_spin_unlock(&control->lock);
  packet->version = kVersion;
  packet->message |= kAnswerBit;
  packet->outcome = outcome;
  packet->reserved[0] = packet->reserved[1] = packet->reserved[2] = 0;
  packet->incarnation_high = bpf_htonl(identity.high);
  packet->incarnation_low = bpf_htonl(identity.low);
  packet->trim = bpf_htonl(identity.trim);
}

SEC("xdp")
int acceptor(struct xdp_md* context) {
  void* data = (void*)(long)context->data;
  void* end = (void*)(long)context->data_end;
  const struct Frame frame = {
      .ethernet = data,
      .ipv4 = data + sizeof(struct ethhdr),
      .udp = data + sizeof(struct ethhdr) + sizeof(struct iphdr),
      .slot = data + sizeof(struct ethhdr) + sizeof(struct iphdr) + sizeof(struct udphdr),
  };
  if (data + kFrameBytes > end || !HasShape(&frame)) return XDP_PASS;
  if (frame.ipv4->daddr != own_address || frame.udp->dest != own_port) return XDP_PASS;

  const __u32 first = 0;
  struct SynodCounters* counter = bpf_map_lookup_elem(&counters, &first);
  struct SynodControl* controls = bpf_map_lookup_elem(&control, &first);
  struct SynodPromise* promises = bpf_map_lookup_elem(&promise, &first);
  const __u32 index = bpf_ntohl(frame.slot->slot_low) % kWindowSlots;
  struct SynodSlot* slot = bpf_map_lookup_elem(&slots, &index);
  if (!counter || !controls || !promises || !slot) return XDP_PASS;
  if (IsDamaged(&frame)) {
    ++counter->damaged;
    return XDP_PASS;
  }
  // What is an answer is never answered, so that two acceptors cannot keep each other busy.
  if (frame.slot->magic != bpf_htons(kMagic) || (frame.slot->message & kAnswerBit) != 0) {
    return XDP_PASS;
  }
  Answer(frame.slot, controls, promises, slot);
  SendBack(&frame);
  ++counter->answered;
  return XDP_TX;
}

char license_name[] SEC("license") = "Apache-2.0";
