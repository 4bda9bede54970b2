#include "values.h"

#include <map>
#include <utility>

namespace synod::slots::p4 {
namespace {

using ast::Expression;

// Of operators that stand for themselves; > and >= are < and <= with their sides exchanged.
const std::map<std::string, Operator, std::less<>> kOperators = {
    {"+", Operator::kAdd},        {"-", Operator::kSubtract},  {"&", Operator::kAnd},
    {"|", Operator::kOr},         {"^", Operator::kXor},       {"++", Operator::kConcat},
    {"==", Operator::kEqual},     {"!=", Operator::kNotEqual}, {"<", Operator::kLess},
    {"<=", Operator::kLessEqual}, {">", Operator::kLess},      {">=", Operator::kLessEqual},
    {"&&", Operator::kBoth},      {"||", Operator::kEither}};

std::string Bits(int width) { return "bit<" + std::to_string(width) + ">"; }
std::string TypeOf(const Value& value) { return value.is_bool ? "bool" : Bits(value.width); }

}  // namespace

Value Values::Wrong(Location where, const std::string& why) {
  complaint_.Say(where, why);
  return {.where = where, .width = 1};
}

void Values::Fit(Value& value, int width) {
  if (value.width != 0) return;
  if ((value.constant & ~Mask(width)) != 0) {
    complaint_.Say(value.where, std::to_string(value.constant) + " does not fit " + Bits(width));
  }
  value.width = width;
}

Value Values::ResolveAs(int width, const Expression& source, const Scope& scope) {
  Value value = Resolve(source, scope);
  Fit(value, width);
  if (value.width == width && !value.is_bool) return value;
  return Wrong(source.where,
               "this is " + TypeOf(value) + ", where " + Bits(width) + " is expected");
}

Value Values::ResolveCondition(const Expression& source, const Scope& scope) {
  Value value = Resolve(source, scope);
  if (value.is_bool || !complaint_.IsEmpty()) return value;
  return Wrong(source.where, "a condition is a bool, not " + TypeOf(value));
}

Binding Values::Look(const Expression& source, const Scope& scope) {
  if (source.kind == Expression::Kind::kName) {
    const Binding* found = scope.Find(source.text);
    if (found != nullptr) return *found;
    complaint_.Say(source.where, "there is no " + source.text);
    return {};
  }
  if (source.kind != Expression::Kind::kMember) {
    complaint_.Say(source.where, "a name is expected here");
    return {};
  }
  Binding base = Look(source.operands[0], scope);
  if (base.kind == Binding::Kind::kNone) return base;
  const std::string path = base.path + "." + source.text;
  if (base.kind == Binding::Kind::kPlace) {
    if (const auto field = types_.FieldAt(path)) {
      return {.kind = Binding::Kind::kValue,
              .value = types_.FieldValue(*field, source.where),
              .is_writable = base.is_writable,
              .path = path};
    }
    if (types_.HeaderAt(path) || types_.IsStruct(path)) {
      base.path = path;
      return base;
    }
  }
  complaint_.Say(source.where, "there is no " + source.text + " in it");
  return {};
}

Value Values::ResolveTarget(const Expression& source, const Scope& scope) {
  const Binding binding = Look(source, scope);
  if (binding.kind == Binding::Kind::kNone) return Wrong(source.where, "");
  if (binding.kind != Binding::Kind::kValue || binding.value.op != Operator::kField) {
    return Wrong(source.where, "this is no field: only fields can be written, one at a time");
  }
  if (!binding.is_writable) return Wrong(source.where, "this may be read only");
  Value target = binding.value;
  target.where = source.where;
  return target;
}

Value Values::Resolve(const Expression& source, const Scope& scope) {
  switch (source.kind) {
    case Expression::Kind::kNumber:
      return {.where = source.where, .width = source.width, .constant = source.number};
    case Expression::Kind::kName:
      if (source.text == "true" || source.text == "false") {
        return {.where = source.where,
                .width = 1,
                .is_bool = true,
                .constant = source.text == "true" ? 1u : 0u};
      }
      [[fallthrough]];
    case Expression::Kind::kMember: {
      Binding binding = Look(source, scope);
      if (binding.kind != Binding::Kind::kValue) return Wrong(source.where, "this has no value");
      binding.value.where = source.where;
      return binding.value;
    }
    case Expression::Kind::kSlice:
      return Slice(source, scope);
    case Expression::Kind::kUnary:
      return Unary(source, scope);
    case Expression::Kind::kBinary:
      return Binary(source, scope);
    case Expression::Kind::kCast:
      return Cast(source, scope);
    case Expression::Kind::kCall:
      return Call(source, scope);
    case Expression::Kind::kList:
      break;
  }
  return Wrong(source.where, "a list is for checksums only");
}

Value Values::Unary(const Expression& source, const Scope& scope) {
  Value operand = Resolve(source.operands[0], scope);
  if (source.text == "!") {
    if (!operand.is_bool) return Wrong(source.where, "'!' is for a bool");
    Value whole{.op = Operator::kNot, .where = source.where, .width = 1, .is_bool = true};
    whole.operands.push_back(std::move(operand));
    return whole;
  }
  if (operand.is_bool || operand.width == 0) {
    return Wrong(source.where, "'" + source.text + "' is for a value of known width");
  }
  Value whole{.where = source.where, .width = operand.width};
  whole.op = source.text == "~" ? Operator::kComplement : Operator::kSubtract;
  if (source.text == "-") whole.operands.push_back({.where = source.where, .width = operand.width});
  whole.operands.push_back(std::move(operand));
  return whole;
}

Value Values::Shift(const Expression& source, const Scope& scope) {
  Value operand = Resolve(source.operands[0], scope);
  const Value amount = Resolve(source.operands[1], scope);
  if (operand.width == 0 || operand.is_bool) {
    return Wrong(source.where, "what is shifted has a known width");
  }
  if (amount.op != Operator::kConstant || amount.constant >= 64) {
    return Wrong(source.where, "a switch shifts by a constant below 64");
  }
  Value whole{.op = source.text == "<<" ? Operator::kShiftLeft : Operator::kShiftRight,
              .where = source.where,
              .width = operand.width,
              .low = static_cast<int>(amount.constant)};
  whole.operands.push_back(std::move(operand));
  return whole;
}

Value Values::Binary(const Expression& source, const Scope& scope) {
  if (source.text == "<<" || source.text == ">>") return Shift(source, scope);
  Value left = Resolve(source.operands[0], scope);
  Value right = Resolve(source.operands[1], scope);
  Value whole{.op = kOperators.find(source.text)->second, .where = source.where};
  const bool is_logic = whole.op == Operator::kBoth || whole.op == Operator::kEither;
  const bool is_comparison = whole.op == Operator::kEqual || whole.op == Operator::kNotEqual ||
                             whole.op == Operator::kLess || whole.op == Operator::kLessEqual;
  whole.is_bool = is_logic || is_comparison;
  if (left.is_bool != is_logic || right.is_bool != is_logic) {
    return Wrong(source.where, "'" + source.text + "' is " + (is_logic ? "for" : "not for") +
                                   " values of type bool");
  }
  if (whole.op == Operator::kConcat) {
    if (left.width == 0 || right.width == 0) {
      return Wrong(source.where, "both sides of '++' have a known width");
    }
    whole.width = left.width + right.width;
    if (whole.width > 64) return Wrong(source.where, "this has more than 64 bits");
  } else {
    Fit(left, right.width == 0 ? 64 : right.width);
    Fit(right, left.width);
    if (left.width != right.width) {
      return Wrong(source.where, "'" + source.text + "' is for equal widths, not " +
                                     Bits(left.width) + " and " + Bits(right.width));
    }
    whole.width = whole.is_bool ? 1 : left.width;
  }
  if (source.text == ">" || source.text == ">=") std::swap(left, right);
  whole.operands.push_back(std::move(left));
  whole.operands.push_back(std::move(right));
  return whole;
}

Value Values::Slice(const Expression& source, const Scope& scope) {
  Value operand = Resolve(source.operands[0], scope);
  const Value high = Resolve(source.operands[1], scope);
  const Value low = Resolve(source.operands[2], scope);
  if (high.op != Operator::kConstant || low.op != Operator::kConstant) {
    return Wrong(source.where, "the bounds of a slice are numbers");
  }
  if (operand.is_bool || high.constant < low.constant ||
      high.constant >= static_cast<uint64_t>(operand.width)) {
    return Wrong(source.where, "there is no such slice of " + TypeOf(operand));
  }
  Value whole{.op = Operator::kSlice,
              .where = source.operands[0].where,
              .width = static_cast<int>(high.constant - low.constant) + 1,
              .low = static_cast<int>(low.constant)};
  whole.operands.push_back(std::move(operand));
  return whole;
}

Value Values::Cast(const Expression& source, const Scope& scope) {
  Value operand = Resolve(source.operands[0], scope);
  if (Types::IsBool(source.type) || operand.is_bool) {
    return Wrong(source.where, "a cast is from bits to bits");
  }
  const int width = types_.WidthOf(source.type);
  if (operand.width == 0 || operand.op == Operator::kConstant) {
    operand.constant &= Mask(width);
    operand.width = width;
    return operand;
  }
  if (operand.width == width) return operand;
  Value whole{.op = operand.width < width ? Operator::kWiden : Operator::kSlice,
              .where = source.where,
              .width = width};
  whole.operands.push_back(std::move(operand));
  return whole;
}

// Of calls, only isValid has a value.
Value Values::Call(const Expression& source, const Scope& scope) {
  const Expression& callee = source.operands[0];
  if (callee.kind != Expression::Kind::kMember || callee.text != "isValid" ||
      source.operands.size() != 1) {
    return Wrong(source.where, "of calls only isValid() has a value");
  }
  const Binding binding = Look(callee.operands[0], scope);
  const auto valid = types_.FieldAt(binding.path + ".$valid");
  if (!valid) return Wrong(source.where, "isValid() is for headers");
  return types_.FieldValue(*valid, source.where);
}

}  // namespace synod::slots::p4
