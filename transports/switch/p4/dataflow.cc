#include "dataflow.h"

#include <algorithm>

namespace synod::slots::p4 {
namespace {

constexpr int kUnitBits = 32;

bool IsWiring(Operator op) {
  return op == Operator::kConstant || op == Operator::kField || op == Operator::kSlice ||
         op == Operator::kWiden;
}

bool IsLogic(Operator op) {
  return op == Operator::kBoth || op == Operator::kEither || op == Operator::kNot;
}

void CountUses(const Value& value, std::vector<int>& uses) {
  if (value.op == Operator::kField) ++uses[value.field];
  for (const Value& operand : value.operands) CountUses(operand, uses);
}

}  // namespace

void CountUses(std::span<const Step> steps, std::vector<int>& uses) {
  for (const Step& step : steps) {
    CountUses(step.value, uses);
    CountUses(step.index, uses);
    CountUses(step.body, uses);
    CountUses(step.otherwise, uses);
  }
}

void Touched::Add(const Value& value) {
  if (value.op == Operator::kField) read.insert(value.field);
  for (const Value& operand : value.operands) Add(operand);
}

void Touched::Add(const Step& step) {
  Add(step.value);
  Add(step.index);
  switch (step.kind) {
    case Step::Kind::kAssign:
      written.insert(step.target);
      break;
    case Step::Kind::kRead:
      written.insert(step.target);
      registers.insert(step.object);
      break;
    case Step::Kind::kWrite:
      registers.insert(step.object);
      break;
    case Step::Kind::kApply:
      tables.insert(step.object);
      break;
    case Step::Kind::kIf:
    case Step::Kind::kExtract:
      break;
  }
  Add(step.body);
  Add(step.otherwise);
}

void Touched::Add(const std::vector<Step>& steps) {
  for (const Step& step : steps) Add(step);
}

int DepthOf(const Value& value) {
  int depth = 0;
  for (const Value& operand : value.operands) depth = std::max(depth, DepthOf(operand));
  return IsWiring(value.op) ? depth : depth + 1;
}

int ComparisonsIn(const Value& condition) {
  if (!IsLogic(condition.op)) return 1;
  int sum = 0;
  for (const Value& operand : condition.operands) sum += ComparisonsIn(operand);
  return sum;
}

const Value* FindComputedOperand(const Value& condition) {
  for (const Value& operand : condition.operands) {
    if (IsLogic(condition.op)) {
      if (const Value* found = FindComputedOperand(operand)) return found;
    } else if (DepthOf(operand) > 0) {
      return &operand;
    }
  }
  return nullptr;
}

const Value* FindWideOperation(const Value& value) {
  const bool may_be_wide = IsWiring(value.op) || IsLogic(value.op) ||
                           value.op == Operator::kConcat || value.op == Operator::kEqual ||
                           value.op == Operator::kNotEqual;
  for (const Value& operand : value.operands) {
    if (!may_be_wide && operand.width > kUnitBits) return &value;
    if (const Value* found = FindWideOperation(operand)) return found;
  }
  return nullptr;
}

bool AreEqual(const Value& a, const Value& b) {
  return a.op == b.op && a.width == b.width && a.constant == b.constant && a.field == b.field &&
         a.low == b.low &&
         std::equal(a.operands.begin(), a.operands.end(), b.operands.begin(), b.operands.end(),
                    AreEqual);
}

}  // namespace synod::slots::p4
