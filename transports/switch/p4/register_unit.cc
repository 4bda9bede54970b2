#include "register_unit.h"

#include <algorithm>
#include <string>

namespace synod::slots::p4 {
namespace {

class UnitChecker {
 public:
  UnitChecker(const Program& program, int array, const SwitchLimits& limits, Complaint& complaint)
      : name_("register " + program.registers[static_cast<size_t>(array)].name),
        array_(array),
        limits_(limits),
        complaint_(complaint) {}

  void Run(std::span<const Step> run) {
    (void)Walk(run, {});
    if (comparisons_ > limits_.unit_comparisons) {
      complaint_.Say(run[0].where, Count(comparisons_, limits_.unit_comparisons, "comparisons"));
    }
    if (assignments_ > limits_.unit_assignments) {
      complaint_.Say(run[0].where, Count(assignments_, limits_.unit_assignments, "assignments"));
    }
  }

 private:
  // What was done with the array on the way so far.
  struct Done {
    bool read = false;
    bool written = false;
  };

  std::string Count(int has, int may, const char* what) const {
    return name_ + ": " + std::to_string(has) + " " + what +
           " in its read-modify-write, where a switch has " + std::to_string(may);
  }

  Done Walk(std::span<const Step> steps, Done done) {
    for (const Step& step : steps) {
      if (!complaint_.IsEmpty()) break;
      done = One(step, done);
    }
    return done;
  }

  Done One(const Step& step, Done done) {
    if (DepthOf(step.value) > 1 && step.kind != Step::Kind::kIf) {
      complaint_.Say(step.where, name_ + ": more than one operation at once in its stage");
    }
    if (const Value* wide = FindWideOperation(step.value)) {
      complaint_.Say(wide->where, "a switch computes with at most 32 bits");
    }
    switch (step.kind) {
      case Step::Kind::kAssign:
        ++assignments_;
        return done;
      case Step::Kind::kIf:
        return Branches(step, done);
      case Step::Kind::kRead:
      case Step::Kind::kWrite:
        return Access(step, done);
      case Step::Kind::kApply:
      case Step::Kind::kExtract:
        complaint_.Say(step.where, name_ + ": nothing else can be done between its accesses");
        return done;
    }
    return done;
  }

  Done Branches(const Step& step, Done done) {
    comparisons_ += ComparisonsIn(step.value);
    if (const Value* computed = FindComputedOperand(step.value)) {
      complaint_.Say(computed->where, "this is to be computed in a stage before it is compared");
    }
    const Done then = Walk(step.body, done);
    const Done otherwise = Walk(step.otherwise, done);
    return {.read = then.read || otherwise.read, .written = then.written || otherwise.written};
  }

  Done Access(const Step& step, Done done) {
    if (step.object != array_) {
      complaint_.Say(step.where, "another register is used between the accesses to " + name_ +
                                     ", which are one stage's");
      return done;
    }
    if (DepthOf(step.index) > 0) {
      complaint_.Say(step.index.where, name_ + ": its index is to be computed in a stage before");
    }
    if (index_ == nullptr) index_ = &step.index;
    if (!AreEqual(*index_, step.index)) {
      complaint_.Say(step.where, name_ + " is accessed in two places by one packet");
    }
    const bool is_read = step.kind == Step::Kind::kRead;
    if (done.written || (is_read && done.read)) {
      complaint_.Say(step.where,
                     name_ + " is accessed again after its one read-modify-write for a packet");
    }
    (is_read ? done.read : done.written) = true;
    return done;
  }

  const std::string name_;
  const int array_;
  const SwitchLimits& limits_;
  Complaint& complaint_;
  const Value* index_ = nullptr;
  int comparisons_ = 0;
  int assignments_ = 0;
};

}  // namespace

void CheckRegisterUnit(const Program& program, int array, std::span<const Step> run,
                       const SwitchLimits& limits, Complaint& complaint) {
  UnitChecker(program, array, limits, complaint).Run(run);
}

void CheckUnitResults(const Program& program, int array, std::span<const Step> run,
                      const std::set<FieldId>& used_elsewhere, const SwitchLimits& limits,
                      Complaint& complaint) {
  Touched touched;
  for (const Step& step : run) touched.Add(step);
  const auto results = std::count_if(touched.written.begin(), touched.written.end(),
                                     [&](FieldId field) { return used_elsewhere.contains(field); });
  if (results > limits.unit_results) {
    complaint.Say(run[0].where, "register " + program.registers[static_cast<size_t>(array)].name +
                                    ": " + std::to_string(results) +
                                    " results of its read-modify-write, where a switch has " +
                                    std::to_string(limits.unit_results));
  }
}

}  // namespace synod::slots::p4
