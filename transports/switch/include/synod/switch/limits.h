// What a switch's pipeline has: the bounds that a program is held to.
#ifndef SYNOD_SWITCH_LIMITS_H_
#define SYNOD_SWITCH_LIMITS_H_

#include <string>
#include <vector>

namespace synod::slots {

// The defaults are those of switches that exist, in round numbers; docs/switch.md says what each
// stands for.
struct SwitchLimits {
  int stages = 12;
  int arrays_per_stage = 4;  // Register arrays.
  int tables_per_stage = 8;
  int conditions_per_stage = 16;  // `if`s outside of register units.
  int comparisons = 4;            // In one condition.
  int unit_comparisons = 4;       // Between the read and the write of a register, all together.
  int unit_assignments = 4;
  int unit_results = 2;    // Fields that are set there, and used elsewhere.
  int packet_bits = 4096;  // Headers, metadata and variables.
  int parser_states = 16;  // On the longest way through the parser.
};

// How a program was laid out.
struct StageReport {
  struct Placed {
    std::string name;
    int stage = 0;
  };
  int stages = 0;
  int packet_bits = 0;
  int parser_states = 0;
  std::vector<Placed> registers;
  std::vector<Placed> tables;
};

}  // namespace synod::slots

#endif  // SYNOD_SWITCH_LIMITS_H_
