#include "stages.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "dataflow.h"
#include "register_unit.h"

namespace synod::slots::p4 {
namespace {

constexpr int kNever = -1;

// Of each field the latest stage that writes it, and that reads it.
struct Times {
  std::vector<int> written;
  std::vector<int> read;

  void Join(const Times& other) {
    for (size_t i = 0; i < written.size(); ++i) {
      written[i] = std::max(written[i], other.written[i]);
      read[i] = std::max(read[i], other.read[i]);
    }
  }
};

class Planner {
 public:
  Planner(const Program& program, const SwitchLimits& limits, Complaint& complaint)
      : program_(program), limits_(limits), complaint_(complaint) {
    uses_.resize(program.fields.size());
    CountUses(program.ingress, uses_);
    for (const Table& table : program.tables) {
      for (const FieldId key : table.keys) ++uses_[key];
      for (const TableAction& action : table.actions) CountUses(action.body, uses_);
    }
    // Headers are sent on.
    for (const Header& header : program.headers) {
      for (const FieldId field : header.fields) ++uses_[field];
    }
  }

  StageReport Run() {
    CheckBits();
    CheckParser();
    Times times{.written = std::vector<int>(program_.fields.size(), kNever),
                .read = std::vector<int>(program_.fields.size(), kNever)};
    PlaceBlock(program_.ingress, times, 0);
    for (const auto& [object, stage] : register_stages_) {
      report_.registers.push_back({program_.registers[static_cast<size_t>(object)].name, stage});
    }
    for (const auto& [object, stage] : table_stages_) {
      report_.tables.push_back({program_.tables[static_cast<size_t>(object)].name, stage});
    }
    return std::move(report_);
  }

 private:
  void CheckBits();
  void CheckParser();
  int LongestWay(int state, std::vector<int>& ways);

  void PlaceBlock(std::span<const Step> block, Times& times, int from);
  std::optional<int> UnitArray(std::span<const Step> block) const;
  void PlaceUnit(int array, std::span<const Step> run, Times& times, int from);
  void PlaceAssign(const Step& step, Times& times, int from);
  void PlaceIf(const Step& step, Times& times, int from);
  void PlaceTable(const Step& step, Times& times, int from);
  Touched TouchedBy(const Table& table);

  int Earliest(const Touched& touched, const Times& times, int from) const;
  void Note(const Touched& touched, Times& times, int stage);
  int WithRoom(std::map<int, int>& used, int stage, int limit, Location where);
  void CheckStage(int stage, Location where);
  void CheckWidth(const Value& value);

  const Program& program_;
  const SwitchLimits& limits_;
  Complaint& complaint_;
  std::vector<int> uses_;  // Of each field, how often it is used at ingress and behind it.
  std::map<int, int> arrays_used_, tables_used_, conditions_used_;  // In each stage.
  std::map<int, int> register_stages_, table_stages_;               // By number.
  StageReport report_;
};

void Planner::CheckBits() {
  for (const Field& field : program_.fields) report_.packet_bits += field.width;
  if (report_.packet_bits > limits_.packet_bits) {
    complaint_.Say({}, "headers, metadata and variables have " +
                           std::to_string(report_.packet_bits) + " bits, where a switch has " +
                           std::to_string(limits_.packet_bits));
  }
}

// 0 in `ways`: not looked at; -1: being looked at.
int Planner::LongestWay(int state, std::vector<int>& ways) {
  if (state < 0 || !complaint_.IsEmpty()) return 0;
  int& way = ways[static_cast<size_t>(state)];
  const ParserState& here = program_.parser[static_cast<size_t>(state)];
  if (way == -1) {
    complaint_.Say(here.where,
                   "the parser comes back to the state " + here.name + ": a switch has no loops");
    return 0;
  }
  if (way > 0) return way;
  way = -1;
  int longest = 0;
  for (const ParserState::Case& choice : here.cases) {
    longest = std::max(longest, LongestWay(choice.next, ways));
  }
  way = longest + 1;
  return way;
}

void Planner::CheckParser() {
  for (const ParserState& state : program_.parser) {
    for (const Step& step : state.body) {
      if (step.kind == Step::Kind::kAssign && DepthOf(step.value) > 0) {
        complaint_.Say(step.where, "a parser moves fields, and computes nothing");
      }
    }
  }
  std::vector<int> ways(program_.parser.size(), 0);
  report_.parser_states = LongestWay(0, ways);
  if (report_.parser_states > limits_.parser_states) {
    complaint_.Say(program_.parser[0].where,
                   "the parser goes through " + std::to_string(report_.parser_states) +
                       " states, where a switch has " + std::to_string(limits_.parser_states));
  }
}

void Planner::CheckWidth(const Value& value) {
  if (const Value* wide = FindWideOperation(value)) {
    complaint_.Say(wide->where, "a switch computes with at most 32 bits");
  }
}

void Planner::CheckStage(int stage, Location where) {
  report_.stages = std::max(report_.stages, stage + 1);
  if (stage >= limits_.stages) {
    complaint_.Say(where, "this needs stage " + std::to_string(stage + 1) +
                              ", where a switch has " + std::to_string(limits_.stages));
  }
}

int Planner::Earliest(const Touched& touched, const Times& times, int from) const {
  int stage = from;
  for (const FieldId field : touched.read) stage = std::max(stage, times.written[field] + 1);
  for (const FieldId field : touched.written) {
    stage = std::max({stage, times.written[field] + 1, times.read[field]});
  }
  return stage;
}

// Operands are read in this stage, and results are there after it.
void Planner::Note(const Touched& touched, Times& times, int stage) {
  for (const FieldId field : touched.read) times.read[field] = std::max(times.read[field], stage);
  for (const FieldId field : touched.written) {
    times.written[field] = std::max(times.written[field], stage);
  }
}

int Planner::WithRoom(std::map<int, int>& used, int stage, int limit, Location where) {
  while (used[stage] >= limit && stage <= limits_.stages) ++stage;
  ++used[stage];
  CheckStage(stage, where);
  return stage;
}

// The array whose unit begins at the block's first step, if one does: it is accessed right here, or
// it is in the branches of this `if` and cannot be left to one of them.
std::optional<int> Planner::UnitArray(std::span<const Step> block) const {
  const Step& first = block[0];
  if (first.kind == Step::Kind::kRead || first.kind == Step::Kind::kWrite) return first.object;
  if (first.kind != Step::Kind::kIf) return std::nullopt;
  Touched then, otherwise, later;
  then.Add(first.body);
  otherwise.Add(first.otherwise);
  for (const Step& step : block.subspan(1)) later.Add(step);
  for (const int array : then.registers) {
    if (otherwise.registers.contains(array) || later.registers.contains(array)) return array;
  }
  for (const int array : otherwise.registers) {
    if (later.registers.contains(array)) return array;
  }
  return std::nullopt;
}

void Planner::PlaceBlock(std::span<const Step> block, Times& times, int from) {
  for (size_t i = 0; i < block.size() && complaint_.IsEmpty(); ++i) {
    const Step& step = block[i];
    if (const auto array = UnitArray(block.subspan(i))) {
      size_t last = i;
      for (size_t j = i; j < block.size(); ++j) {
        Touched touched;
        touched.Add(block[j]);
        if (touched.registers.contains(*array)) last = j;
      }
      PlaceUnit(*array, block.subspan(i, last - i + 1), times, from);
      i = last;
    } else if (step.kind == Step::Kind::kIf) {
      PlaceIf(step, times, from);
    } else if (step.kind == Step::Kind::kApply) {
      PlaceTable(step, times, from);
    } else {
      PlaceAssign(step, times, from);
    }
  }
}

void Planner::PlaceUnit(int array, std::span<const Step> run, Times& times, int from) {
  const std::string& name = program_.registers[static_cast<size_t>(array)].name;
  if (register_stages_.contains(array)) {
    return complaint_.Say(run[0].where,
                          "register " + name +
                              " is accessed again after its one read-modify-write for "
                              "a packet");
  }
  CheckRegisterUnit(program_, array, run, limits_, complaint_);
  Touched touched;
  for (const Step& step : run) touched.Add(step);

  // A field is used elsewhere unless all of its uses are in the run.
  std::vector<int> uses_inside(uses_.size());
  CountUses(run, uses_inside);
  std::set<FieldId> elsewhere;
  for (const FieldId field : touched.written) {
    if (uses_[field] > uses_inside[field]) elsewhere.insert(field);
  }
  CheckUnitResults(program_, array, run, elsewhere, limits_, complaint_);

  const int stage = WithRoom(arrays_used_, Earliest(touched, times, from), limits_.arrays_per_stage,
                             run[0].where);
  Note(touched, times, stage);
  register_stages_[array] = stage;
}

void Planner::PlaceAssign(const Step& step, Times& times, int from) {
  CheckWidth(step.value);
  Touched touched;
  touched.Add(step);
  if (step.width != program_.fields[step.target].width) touched.read.insert(step.target);
  const int first = Earliest(touched, times, from);
  const int last = first + std::max(DepthOf(step.value), 1) - 1;
  CheckStage(last, step.where);
  // Some operands are not needed before the last operation.
  Note(touched, times, last);
}

void Planner::PlaceIf(const Step& step, Times& times, int from) {
  CheckWidth(step.value);
  const int comparisons = ComparisonsIn(step.value);
  if (comparisons > limits_.comparisons) {
    complaint_.Say(step.where, std::to_string(comparisons) +
                                   " comparisons in one condition, where a switch has " +
                                   std::to_string(limits_.comparisons));
  }
  if (const Value* computed = FindComputedOperand(step.value)) {
    complaint_.Say(computed->where, "this is to be computed in a stage before it is compared");
  }
  Touched touched;
  touched.Add(step.value);
  const int stage = WithRoom(conditions_used_, Earliest(touched, times, from),
                             limits_.conditions_per_stage, step.where);
  Note(touched, times, stage);
  Times otherwise = times;
  PlaceBlock(step.body, times, stage);
  PlaceBlock(step.otherwise, otherwise, stage);
  times.Join(otherwise);
}

Touched Planner::TouchedBy(const Table& table) {
  Touched all;
  all.read.insert(table.keys.begin(), table.keys.end());
  for (const TableAction& action : table.actions) {
    std::set<FieldId> written;
    for (const Step& step : action.body) {
      Touched touched;
      touched.Add(step);
      if (step.kind != Step::Kind::kAssign || DepthOf(step.value) > 1) {
        complaint_.Say(step.where, "a table's action makes assignments of one operation each");
      }
      CheckWidth(step.value);
      for (const FieldId field : touched.read) {
        if (written.contains(field)) {
          complaint_.Say(step.where, "this uses what the same stage computes");
        }
      }
      written.insert(step.target);
    }
    all.Add(action.body);
    for (const FieldId parameter : action.parameters) all.read.erase(parameter);
  }
  return all;
}

void Planner::PlaceTable(const Step& step, Times& times, int from) {
  const Table& table = program_.tables[static_cast<size_t>(step.object)];
  if (table_stages_.contains(step.object)) {
    return complaint_.Say(step.where, "the table " + table.name + " is applied a second time");
  }
  const Touched touched = TouchedBy(table);
  const int stage =
      WithRoom(tables_used_, Earliest(touched, times, from), limits_.tables_per_stage, step.where);
  Note(touched, times, stage);
  table_stages_[step.object] = stage;
}

}  // namespace

StageReport AssignStages(const Program& program, const SwitchLimits& limits, Complaint& complaint) {
  return Planner(program, limits, complaint).Run();
}

}  // namespace synod::slots::p4
