// A Paxos acceptor for one group of Synod's, in a switch: P4-16 for the v1model architecture.
//
// A proposer sends a request, 1a or 2a, as one UDP datagram of 128 bytes; the switch answers each,
// with a refusal too, in a datagram of the same size. docs/switch.md has the header, the outcomes
// and what they promise; the software acceptor (slot_acceptor.cc) means the same, word for word.
//
// The order of the checks is what makes it safe:
//
//   1. what it is not asked as (version, incarnation, group, window) is refused before anything
//      changes;
//   2. then the promise, one for all slots, is compared and raised;
//   3. then the slot is read or written, and only if the promise allows it.
//
// A switch reads and writes a register array once for each packet, in the order of its stages. The
// promise is therefore four arrays in four stages, from the most significant word to the least, and
// what the words so far say (less, equal or greater) travels with the packet. Whoever is greater at
// one word stays greater, so no word is written that a later one would have to take back.
//
// Twelve stages, of four arrays each, are enough:
//
//   0      own_address; enabled, incarnation_high, incarnation_low, trim
//   1      group; the distance from the trim
//   2      the outcome of the checks
//   3–6    promised_round, promised_node, promised_high, promised_low
//   7      generation
//   8      accepted_round, accepted_node, accepted_high, accepted_low
//   9–11   shape, value_0 … value_7, highest
#include <core.p4>
#include <v1model.p4>

const bit<16> ETHER_TYPE_IPV4 = 0x0800;
const bit<8> PROTOCOL_UDP = 17;
const bit<8> TIME_TO_LIVE = 64;

// A slot packet is 128 bytes, with UDP's header 136, and with IPv4's, without options, 156.
const bit<16> UDP_LENGTH = 136;
const bit<16> IPV4_LENGTH = 156;
const bit<16> SLOT_MAGIC = 0x5359;
const bit<8> SLOT_VERSION = 1;

// Messages. What has the answer bit is never answered, whatever it is, so that two acceptors cannot
// keep answering each other.
const bit<8> MESSAGE_1A = 0x01;
const bit<8> MESSAGE_2A = 0x02;
const bit<8> ANSWER_BIT = 0x80;

// Outcomes.
const bit<8> DONE = 0;
const bit<8> PROMISED_HIGHER = 1;
const bit<8> NOT_A_VOTER = 2;
const bit<8> WRONG_INCARNATION = 3;
const bit<8> WRONG_GROUP = 4;
const bit<8> OUTSIDE_WINDOW = 5;
const bit<8> SLOT_REUSED = 6;
const bit<8> SLOT_OVERFLOW = 7;
const bit<8> VALUE_TOO_LARGE = 8;
const bit<8> MALFORMED = 9;
const bit<8> UNSUPPORTED_VERSION = 10;

// How a request's ballot compares with the promise, as far as its words have been looked at.
const bit<8> EQUAL = 0;
const bit<8> GREATER = 1;
const bit<8> LESS = 2;

// What a request does with its slot's cells.
const bit<8> READ = 0;
const bit<8> WRITE = 1;
const bit<8> EMPTY = 2;   // The slot was not accepted in yet: what it reads is zero.
const bit<8> REUSED = 3;  // The cells hold a later slot: they are left alone.

// 16 chunks of 4,096 slots are in the window, from the chunk that trim names.
const bit<32> WINDOW_SLOTS = 65536;
const bit<32> WINDOW_CHUNKS = 16;
const bit<8> VALUE_BYTES = 32;

header ethernet_t {
    bit<48> destination;
    bit<48> source;
    bit<16> ether_type;
}

header ipv4_t {
    bit<4> version;
    bit<4> header_words;
    bit<8> service;
    bit<16> total_length;
    bit<16> identification;
    bit<1> reserved;
    bit<1> dont_fragment;
    bit<1> more_fragments;
    bit<13> fragment_offset;
    bit<8> time_to_live;
    bit<8> protocol;
    bit<16> checksum;
    bit<32> source;
    bit<32> destination;
}

header udp_t {
    bit<16> source_port;
    bit<16> destination_port;
    bit<16> length;
    bit<16> checksum;
}

// The same for requests and answers: an answer is never longer than what asked for it.
header slot_t {
    bit<16> magic;
    bit<8> version;
    bit<8> message;
    bit<8> outcome;
    bit<24> reserved;
    bit<32> group;
    bit<64> cookie;
    bit<32> incarnation_high;  // Of the acceptor: the one that is meant, the one that it has.
    bit<32> incarnation_low;
    bit<32> ballot_round;
    bit<32> ballot_node;
    bit<32> ballot_high;
    bit<32> ballot_low;
    bit<32> slot_high;
    bit<32> slot_low;
    bit<32> trim;     // Answers only, down to accepted_low.
    bit<32> highest;  // The highest chunk that was ever accepted in.
    bit<32> promised_round;
    bit<32> promised_node;
    bit<32> promised_high;
    bit<32> promised_low;
    bit<32> accepted_round;
    bit<32> accepted_node;
    bit<32> accepted_high;
    bit<32> accepted_low;
    bit<32> shape;  // The value's kind, 24 bits that mean nothing here, and its length in bytes.
    bit<32> value_0;
    bit<32> value_1;
    bit<32> value_2;
    bit<32> value_3;
    bit<32> value_4;
    bit<32> value_5;
    bit<32> value_6;
    bit<32> value_7;
}

struct headers_t {
    ethernet_t ethernet;
    ipv4_t ipv4;
    udp_t udp;
    slot_t slot;
}

struct metadata_t {
    bit<16> no_difference;     // Zero: what the sum over data and its checksum comes to.
    bit<1> is_own;             // Sent to this acceptor's address.
    bit<1> is_answered;
    bit<8> is_2a;
    bit<32> chunk;             // The slot by 4,096.
    bit<32> generation;        // The slot by 65,536: which of the slots that share its cells.
    bit<32> index;             // The rest of it: where the cells are.
    bit<32> distance;          // From the trim, in chunks.
    bit<32> enabled;
    bit<32> group;
    bit<32> incarnation_high;  // Zero unless it is enabled.
    bit<32> incarnation_low;
    bit<8> order;
    bit<8> access;
}

parser SlotParser(packet_in packet, out headers_t hdr, inout metadata_t meta,
                  inout standard_metadata_t standard) {
    state start {
        meta.no_difference = 0;
        meta.is_own = 0;
        meta.is_answered = 0;
        packet.extract(hdr.ethernet);
        transition select(hdr.ethernet.ether_type) {
            ETHER_TYPE_IPV4: parse_ipv4;
            default: accept;
        }
    }

    // Fragments, options and other lengths than a slot packet's are somebody else's.
    state parse_ipv4 {
        packet.extract(hdr.ipv4);
        transition select(hdr.ipv4.version, hdr.ipv4.header_words, hdr.ipv4.total_length,
                          hdr.ipv4.more_fragments, hdr.ipv4.fragment_offset, hdr.ipv4.protocol) {
            (4, 5, IPV4_LENGTH, 0, 0, PROTOCOL_UDP): parse_udp;
            default: accept;
        }
    }

    state parse_udp {
        packet.extract(hdr.udp);
        transition select(hdr.udp.length) {
            UDP_LENGTH: parse_slot;
            default: accept;
        }
    }

    state parse_slot {
        packet.extract(hdr.slot);
        transition accept;
    }
}

// Checksums are verified over the data and the checksum itself, which comes to zero: that is right
// for the sum of zero too, which UDP sends as 0xFFFF.
control VerifyChecksums(inout headers_t hdr, inout metadata_t meta) {
    apply {
        verify_checksum(hdr.udp.isValid(),
            {hdr.ipv4.version, hdr.ipv4.header_words, hdr.ipv4.service, hdr.ipv4.total_length,
             hdr.ipv4.identification, hdr.ipv4.reserved, hdr.ipv4.dont_fragment,
             hdr.ipv4.more_fragments, hdr.ipv4.fragment_offset, hdr.ipv4.time_to_live,
             hdr.ipv4.protocol, hdr.ipv4.checksum, hdr.ipv4.source, hdr.ipv4.destination},
            meta.no_difference, HashAlgorithm.csum16);
        // Zero says that the sender computed none.
        verify_checksum(hdr.slot.isValid() && hdr.udp.checksum != 0,
            {hdr.ipv4.source, hdr.ipv4.destination, 8w0, hdr.ipv4.protocol, hdr.udp.length,
             hdr.udp.source_port, hdr.udp.destination_port, hdr.udp.length, hdr.udp.checksum,
             hdr.slot.magic, hdr.slot.version, hdr.slot.message, hdr.slot.outcome,
             hdr.slot.reserved, hdr.slot.group, hdr.slot.cookie,
             hdr.slot.incarnation_high, hdr.slot.incarnation_low,
             hdr.slot.ballot_round, hdr.slot.ballot_node, hdr.slot.ballot_high,
             hdr.slot.ballot_low, hdr.slot.slot_high, hdr.slot.slot_low, hdr.slot.trim,
             hdr.slot.highest, hdr.slot.promised_round, hdr.slot.promised_node,
             hdr.slot.promised_high, hdr.slot.promised_low, hdr.slot.accepted_round,
             hdr.slot.accepted_node, hdr.slot.accepted_high, hdr.slot.accepted_low,
             hdr.slot.shape, hdr.slot.value_0, hdr.slot.value_1, hdr.slot.value_2,
             hdr.slot.value_3, hdr.slot.value_4, hdr.slot.value_5, hdr.slot.value_6,
             hdr.slot.value_7},
            meta.no_difference, HashAlgorithm.csum16);
    }
}

// One word of the promise, compared with the request's and raised to it. `held` becomes what was
// there before.
control PromisedWord(in bit<32> word, inout bit<8> order, out bit<32> held) {
    register<bit<32>>(1) cell;

    apply {
        cell.read(held, 0);
        if (order == EQUAL) {
            if (word > held) {
                order = GREATER;
            } else if (word < held) {
                order = LESS;
            }
        }
        if (order == GREATER) {
            cell.write(0, word);
        }
    }
}

// Which of the slots that share their cells was accepted in last, and so what may be done with
// them: an earlier one's content reads as nothing and is overwritten, a later one's is not touched
// (I8).
control Generation(in bit<32> index, in bit<32> generation, in bit<8> is_2a, out bit<8> access) {
    register<bit<32>>(WINDOW_SLOTS) cells;

    apply {
        bit<32> held;
        cells.read(held, index);
        if (held > generation) {
            access = REUSED;
        } else if (is_2a == 1) {
            access = WRITE;
            cells.write(index, generation);
        } else if (held == generation) {
            access = READ;
        } else {
            access = EMPTY;
        }
    }
}

// One word of what was accepted in a slot.
control SlotWord(in bit<32> index, in bit<8> access, inout bit<32> word) {
    register<bit<32>>(WINDOW_SLOTS) cells;

    apply {
        if (access == READ) {
            cells.read(word, index);
        } else if (access == WRITE) {
            cells.write(index, word);
        } else if (access == EMPTY) {
            word = 0;
        }
    }
}

control Acceptor(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    // The control plane's: written by it, read here. `enabled` is written last and cleared first,
    // so that no half-written incarnation ever votes; power-on leaves it zero.
    register<bit<32>>(1) enabled;
    register<bit<32>>(1) group;
    register<bit<32>>(1) incarnation_high;
    register<bit<32>>(1) incarnation_low;
    register<bit<32>>(1) trim;

    register<bit<32>>(1) highest;

    PromisedWord() promised_round;
    PromisedWord() promised_node;
    PromisedWord() promised_high;
    PromisedWord() promised_low;

    Generation() generation;

    SlotWord() accepted_round;
    SlotWord() accepted_node;
    SlotWord() accepted_high;
    SlotWord() accepted_low;
    SlotWord() shape;
    SlotWord() value_0;
    SlotWord() value_1;
    SlotWord() value_2;
    SlotWord() value_3;
    SlotWord() value_4;
    SlotWord() value_5;
    SlotWord() value_6;
    SlotWord() value_7;

    action drop() {
        mark_to_drop(standard);
    }

    action forward(bit<9> port) {
        standard.egress_spec = port;
    }

    action vote() {
        meta.is_own = 1;
    }

    // The control plane says which address and port are this acceptor's.
    table own_address {
        key = {
            hdr.ipv4.destination: exact;
            hdr.udp.destination_port: exact;
        }
        actions = {
            vote;
            NoAction;
        }
        default_action = NoAction();
        size = 16;
    }

    // And where everything else goes: nowhere, unless it says so.
    table routes {
        key = {
            hdr.ethernet.destination: exact;
        }
        actions = {
            forward;
            drop;
        }
        default_action = drop();
        size = 256;
    }

    // All that is compared with what the control plane set, and with the slot.
    action prepare() {
        meta.chunk = hdr.slot.slot_high[11:0] ++ hdr.slot.slot_low[31:12];
        meta.generation = hdr.slot.slot_high[15:0] ++ hdr.slot.slot_low[31:16];
        meta.index = (bit<32>) hdr.slot.slot_low[15:0];
        meta.order = EQUAL;
        meta.access = REUSED;
        meta.is_2a = 0;
    }

    // The answer begins as the request does, with nothing in what only answers have.
    action clear_answer() {
        hdr.slot.outcome = DONE;
        hdr.slot.reserved = 0;
        hdr.slot.highest = 0;
        hdr.slot.promised_round = 0;
        hdr.slot.promised_node = 0;
        hdr.slot.promised_high = 0;
        hdr.slot.promised_low = 0;
        hdr.slot.accepted_round = 0;
        hdr.slot.accepted_node = 0;
        hdr.slot.accepted_high = 0;
        hdr.slot.accepted_low = 0;
    }

    action promise_ballot() {
        hdr.slot.promised_round = hdr.slot.ballot_round;
        hdr.slot.promised_node = hdr.slot.ballot_node;
        hdr.slot.promised_high = hdr.slot.ballot_high;
        hdr.slot.promised_low = hdr.slot.ballot_low;
    }

    action accept_ballot() {
        hdr.slot.accepted_round = hdr.slot.ballot_round;
        hdr.slot.accepted_node = hdr.slot.ballot_node;
        hdr.slot.accepted_high = hdr.slot.ballot_high;
        hdr.slot.accepted_low = hdr.slot.ballot_low;
    }

    action accept_nothing() {
        hdr.slot.accepted_round = 0;
        hdr.slot.accepted_node = 0;
        hdr.slot.accepted_high = 0;
        hdr.slot.accepted_low = 0;
    }

    // Turns the request around.
    action answer() {
        bit<48> ethernet_address = hdr.ethernet.source;
        hdr.ethernet.source = hdr.ethernet.destination;
        hdr.ethernet.destination = ethernet_address;
        bit<32> address = hdr.ipv4.source;
        hdr.ipv4.source = hdr.ipv4.destination;
        hdr.ipv4.destination = address;
        hdr.ipv4.time_to_live = TIME_TO_LIVE;
        bit<16> port = hdr.udp.source_port;
        hdr.udp.source_port = hdr.udp.destination_port;
        hdr.udp.destination_port = port;
        hdr.slot.version = SLOT_VERSION;
        hdr.slot.message = hdr.slot.message | ANSWER_BIT;
        hdr.slot.incarnation_high = meta.incarnation_high;
        hdr.slot.incarnation_low = meta.incarnation_low;
        meta.is_answered = 1;
        standard.egress_spec = standard.ingress_port;
    }

    apply {
        if (standard.checksum_error == 1) {
            drop();
        } else {
            // What the control plane set is read for everybody, so that it need not wait for
            // own_address.
            if (hdr.slot.isValid()) {
                own_address.apply();
                enabled.read(meta.enabled, 0);
                incarnation_high.read(meta.incarnation_high, 0);
                incarnation_low.read(meta.incarnation_low, 0);
                trim.read(meta.distance, 0);
                group.read(meta.group, 0);
                prepare();
                if (hdr.slot.message == MESSAGE_2A) {
                    meta.is_2a = 1;
                }
            }

            if (meta.is_own == 1 && hdr.slot.magic == SLOT_MAGIC && hdr.slot.message[7:7] == 0) {
                hdr.slot.trim = meta.distance;
                meta.distance = meta.chunk - meta.distance;
                if (meta.enabled == 0) {
                    meta.incarnation_high = 0;
                    meta.incarnation_low = 0;
                }
                clear_answer();

                // What is refused here changes nothing.
                if (hdr.slot.version != SLOT_VERSION) {
                    hdr.slot.outcome = UNSUPPORTED_VERSION;
                } else if ((hdr.slot.message != MESSAGE_1A && meta.is_2a == 0) ||
                           hdr.slot.ballot_round == 0) {
                    hdr.slot.outcome = MALFORMED;
                } else if (meta.is_2a == 1 && hdr.slot.shape[7:0] > VALUE_BYTES) {
                    hdr.slot.outcome = VALUE_TOO_LARGE;
                } else if (hdr.slot.slot_high[31:12] != 0) {
                    hdr.slot.outcome = SLOT_OVERFLOW;
                } else if (meta.incarnation_high == 0 && meta.incarnation_low == 0) {
                    hdr.slot.outcome = NOT_A_VOTER;
                } else if (hdr.slot.group != meta.group) {
                    hdr.slot.outcome = WRONG_GROUP;
                } else if (hdr.slot.incarnation_high != meta.incarnation_high ||
                           hdr.slot.incarnation_low != meta.incarnation_low) {
                    hdr.slot.outcome = WRONG_INCARNATION;
                } else if (meta.chunk < hdr.slot.trim || meta.distance >= WINDOW_CHUNKS) {
                    hdr.slot.outcome = OUTSIDE_WINDOW;
                }

                // The promise before the slot.
                if (hdr.slot.outcome == DONE) {
                    promised_round.apply(hdr.slot.ballot_round, meta.order,
                                         hdr.slot.promised_round);
                    promised_node.apply(hdr.slot.ballot_node, meta.order, hdr.slot.promised_node);
                    promised_high.apply(hdr.slot.ballot_high, meta.order, hdr.slot.promised_high);
                    promised_low.apply(hdr.slot.ballot_low, meta.order, hdr.slot.promised_low);

                    if (meta.order == LESS) {
                        hdr.slot.outcome = PROMISED_HIGHER;
                    } else {
                        promise_ballot();
                        accept_ballot();
                        generation.apply(meta.index, meta.generation, meta.is_2a, meta.access);

                        accepted_round.apply(meta.index, meta.access, hdr.slot.accepted_round);
                        accepted_node.apply(meta.index, meta.access, hdr.slot.accepted_node);
                        accepted_high.apply(meta.index, meta.access, hdr.slot.accepted_high);
                        accepted_low.apply(meta.index, meta.access, hdr.slot.accepted_low);
                        shape.apply(meta.index, meta.access, hdr.slot.shape);
                        value_0.apply(meta.index, meta.access, hdr.slot.value_0);
                        value_1.apply(meta.index, meta.access, hdr.slot.value_1);
                        value_2.apply(meta.index, meta.access, hdr.slot.value_2);
                        value_3.apply(meta.index, meta.access, hdr.slot.value_3);
                        value_4.apply(meta.index, meta.access, hdr.slot.value_4);
                        value_5.apply(meta.index, meta.access, hdr.slot.value_5);
                        value_6.apply(meta.index, meta.access, hdr.slot.value_6);
                        value_7.apply(meta.index, meta.access, hdr.slot.value_7);

                        if (meta.access == REUSED) {
                            hdr.slot.outcome = SLOT_REUSED;
                            accept_nothing();
                        } else {
                            highest.read(hdr.slot.highest, 0);
                            if (meta.access == WRITE && meta.chunk > hdr.slot.highest) {
                                hdr.slot.highest = meta.chunk;
                                highest.write(0, meta.chunk);
                            }
                        }
                    }
                }
                answer();
            } else {
                routes.apply();
            }
        }
    }
}

control SlotEgress(inout headers_t hdr, inout metadata_t meta, inout standard_metadata_t standard) {
    apply {
    }
}

control UpdateChecksums(inout headers_t hdr, inout metadata_t meta) {
    apply {
        update_checksum(meta.is_answered == 1,
            {hdr.ipv4.version, hdr.ipv4.header_words, hdr.ipv4.service, hdr.ipv4.total_length,
             hdr.ipv4.identification, hdr.ipv4.reserved, hdr.ipv4.dont_fragment,
             hdr.ipv4.more_fragments, hdr.ipv4.fragment_offset, hdr.ipv4.time_to_live,
             hdr.ipv4.protocol, hdr.ipv4.source, hdr.ipv4.destination},
            hdr.ipv4.checksum, HashAlgorithm.csum16);
        // One answer in 65,536 has the sum of zero, which UDP takes for none, and goes unchecked.
        update_checksum(meta.is_answered == 1,
            {hdr.ipv4.source, hdr.ipv4.destination, 8w0, hdr.ipv4.protocol, hdr.udp.length,
             hdr.udp.source_port, hdr.udp.destination_port, hdr.udp.length,
             hdr.slot.magic, hdr.slot.version, hdr.slot.message, hdr.slot.outcome,
             hdr.slot.reserved, hdr.slot.group, hdr.slot.cookie,
             hdr.slot.incarnation_high, hdr.slot.incarnation_low,
             hdr.slot.ballot_round, hdr.slot.ballot_node, hdr.slot.ballot_high,
             hdr.slot.ballot_low, hdr.slot.slot_high, hdr.slot.slot_low, hdr.slot.trim,
             hdr.slot.highest, hdr.slot.promised_round, hdr.slot.promised_node,
             hdr.slot.promised_high, hdr.slot.promised_low, hdr.slot.accepted_round,
             hdr.slot.accepted_node, hdr.slot.accepted_high, hdr.slot.accepted_low,
             hdr.slot.shape, hdr.slot.value_0, hdr.slot.value_1, hdr.slot.value_2,
             hdr.slot.value_3, hdr.slot.value_4, hdr.slot.value_5, hdr.slot.value_6,
             hdr.slot.value_7},
            hdr.udp.checksum, HashAlgorithm.csum16);
    }
}

control SlotDeparser(packet_out packet, in headers_t hdr) {
    apply {
        packet.emit(hdr.ethernet);
        packet.emit(hdr.ipv4);
        packet.emit(hdr.udp);
        packet.emit(hdr.slot);
    }
}

V1Switch(SlotParser(), VerifyChecksums(), Acceptor(), SlotEgress(), UpdateChecksums(),
         SlotDeparser()) main;
