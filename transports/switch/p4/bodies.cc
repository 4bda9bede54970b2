#include "bodies.h"

#include <set>
#include <utility>

namespace synod::slots::p4 {
namespace {

using ast::Expression;
using ast::Statement;

// Deeper calls, and more statements once all calls are resolved, are no switch's.
constexpr int kMaxCallDepth = 16;
constexpr int kMaxStatements = 10'000;

Value Constant(uint64_t number, int width, Location where) {
  return {.where = where, .width = width, .constant = number};
}

}  // namespace

void Bodies::Resolve(const std::vector<Statement>& body, Scope& scope, const std::string& path,
                     std::vector<Step>& steps) {
  Scope inner{.outer = &scope};
  for (const Statement& statement : body) {
    if (!complaint_.IsEmpty()) return;
    if (++statements_ > kMaxStatements) {
      return complaint_.Say(statement.where, "the program is too long");
    }
    ResolveOne(statement, inner, path, steps);
  }
}

void Bodies::ResolveOne(const Statement& statement, Scope& scope, const std::string& path,
                        std::vector<Step>& steps) {
  switch (statement.kind) {
    case Statement::Kind::kAssign:
      return Assign(statement, scope, steps);
    case Statement::Kind::kCall:
      return Call(statement.value, scope, path, steps);
    case Statement::Kind::kIf:
      return If(statement, scope, path, steps);
    case Statement::Kind::kBlock:
      return Resolve(statement.body, scope, path, steps);
    case Statement::Kind::kVariable:
      return Declare(statement, scope, path, steps);
  }
}

void Bodies::Declare(const Statement& statement, Scope& scope, const std::string& path,
                     std::vector<Step>& steps) {
  const int width = types_.WidthOf(statement.type);
  if (types_.IsBool(statement.type)) {
    return complaint_.Say(statement.where, "a variable is of type bit<…>");
  }
  const FieldId field = types_.MakeField(path + "." + statement.name, width);
  const Binding binding{.kind = Binding::Kind::kValue,
                        .value = types_.FieldValue(field, statement.where)};
  if (!scope.names.emplace(statement.name, binding).second) {
    return complaint_.Say(statement.where, statement.name + " is declared twice");
  }
  if (!statement.has_value) return;
  steps.push_back({.kind = Step::Kind::kAssign,
                   .where = statement.where,
                   .target = field,
                   .width = width,
                   .value = values_.ResolveAs(width, statement.value, scope)});
}

void Bodies::Assign(const Statement& statement, const Scope& scope, std::vector<Step>& steps) {
  Step step{.kind = Step::Kind::kAssign, .where = statement.where};
  if (statement.target.kind == Expression::Kind::kSlice) {
    const Value slice = values_.Resolve(statement.target, scope);
    const Value target = values_.ResolveTarget(statement.target.operands[0], scope);
    step.target = target.field;
    step.low = slice.low;
    step.width = slice.width;
  } else {
    const Value target = values_.ResolveTarget(statement.target, scope);
    step.target = target.field;
    step.width = target.width;
  }
  step.value = values_.ResolveAs(step.width, statement.value, scope);
  steps.push_back(std::move(step));
}

void Bodies::If(const Statement& statement, Scope& scope, const std::string& path,
                std::vector<Step>& steps) {
  Step step{.kind = Step::Kind::kIf, .where = statement.where};
  step.value = values_.ResolveCondition(statement.value, scope);
  Resolve(statement.body, scope, path, step.body);
  Resolve(statement.otherwise, scope, path, step.otherwise);
  steps.push_back(std::move(step));
}

void Bodies::Call(const Expression& call, const Scope& scope, const std::string& path,
                  std::vector<Step>& steps) {
  const Expression& callee = call.operands[0];
  if (callee.kind == Expression::Kind::kMember) return Method(call, scope, steps);
  if (callee.text == "mark_to_drop") return MarkToDrop(call, scope, steps);
  if (callee.text == "NoAction") return;
  const Binding target = values_.Look(callee, scope);
  if (target.kind == Binding::Kind::kNone) return;
  if (target.kind != Binding::Kind::kAction) {
    return complaint_.Say(callee.where, callee.text + " is no action");
  }
  CallAction(call, *target.action, scope, path, steps);
}

void Bodies::Method(const Expression& call, const Scope& scope, std::vector<Step>& steps) {
  const Expression& callee = call.operands[0];
  const Binding target = values_.Look(callee.operands[0], scope);
  const std::string& method = callee.text;
  const bool has_arguments = call.operands.size() > 1;
  if (target.kind == Binding::Kind::kRegister) return Access(call, target, scope, steps);
  if (target.kind == Binding::Kind::kPacket && method == "extract") {
    return Extract(call, scope, steps);
  }
  if (target.kind == Binding::Kind::kTable && method == "apply" && !has_arguments) {
    steps.push_back({.kind = Step::Kind::kApply, .where = call.where, .object = target.object});
    return;
  }
  if (target.kind == Binding::Kind::kControl && method == "apply") {
    return ApplyControl(call, *target.control, scope, steps);
  }
  if (target.kind == Binding::Kind::kPlace && !has_arguments &&
      (method == "setValid" || method == "setInvalid")) {
    if (const auto valid = types_.FieldAt(target.path + ".$valid")) {
      if (!target.is_writable) return complaint_.Say(call.where, "this may be read only");
      Step step{.kind = Step::Kind::kAssign, .where = call.where, .target = *valid, .width = 1};
      step.value = Constant(method == "setValid" ? 1 : 0, 1, call.where);
      steps.push_back(std::move(step));
      return;
    }
  }
  if (target.kind == Binding::Kind::kNone) return;
  complaint_.Say(call.where, "the call of " + method + " is outside of the subset");
}

void Bodies::Access(const Expression& call, const Binding& target, const Scope& scope,
                    std::vector<Step>& steps) {
  const std::string& method = call.operands[0].text;
  if ((method != "read" && method != "write") || call.operands.size() != 3) {
    return complaint_.Say(call.where, "a register has read(field, index) and write(index, value)");
  }
  Step step{.where = call.where, .object = target.object};
  if (method == "read") {
    step.kind = Step::Kind::kRead;
    const Value field = values_.ResolveTarget(call.operands[1], scope);
    if (field.width != 32) {
      return complaint_.Say(call.operands[1].where, "a register's word has 32 bits");
    }
    step.target = field.field;
    step.width = 32;
    step.index = values_.ResolveAs(32, call.operands[2], scope);
  } else {
    step.kind = Step::Kind::kWrite;
    step.index = values_.ResolveAs(32, call.operands[1], scope);
    step.value = values_.ResolveAs(32, call.operands[2], scope);
  }
  const uint32_t size = program_.registers[static_cast<size_t>(step.object)].size;
  if (step.index.op == Operator::kConstant && step.index.constant >= size) {
    complaint_.Say(step.index.where,
                   "the register has " + std::to_string(size) + " words, from 0 on");
  }
  steps.push_back(std::move(step));
}

void Bodies::Extract(const Expression& call, const Scope& scope, std::vector<Step>& steps) {
  if (call.operands.size() != 2) {
    return complaint_.Say(call.where, "one header of fixed size is extracted at a time");
  }
  const Binding header = values_.Look(call.operands[1], scope);
  const auto number = types_.HeaderAt(header.path);
  if (!number) return complaint_.Say(call.operands[1].where, "this is no header");
  steps.push_back({.kind = Step::Kind::kExtract, .where = call.where, .object = *number});
}

void Bodies::MarkToDrop(const Expression& call, const Scope& scope, std::vector<Step>& steps) {
  const Binding target =
      call.operands.size() == 2 ? values_.Look(call.operands[1], scope) : Binding{};
  if (!types_.FieldAt(target.path + ".egress_spec")) {
    return complaint_.Say(call.where, "mark_to_drop takes the standard metadata");
  }
  steps.push_back({.kind = Step::Kind::kAssign,
                   .where = call.where,
                   .target = program_.egress_spec,
                   .width = 9,
                   .value = Constant(kDropPort, 9, call.where)});
}

void Bodies::Bind(const Expression& call, const std::vector<ast::Parameter>& parameters,
                  const Scope& scope, Scope& inner) {
  if (call.operands.size() != parameters.size() + 1) {
    return complaint_.Say(call.where,
                          std::to_string(parameters.size()) + " arguments are expected");
  }
  std::set<FieldId> read;
  std::set<FieldId> written;
  for (size_t i = 0; i < parameters.size(); ++i) {
    const ast::Parameter& parameter = parameters[i];
    const Expression& argument = call.operands[i + 1];
    const int width = types_.WidthOf(parameter.type);
    const bool is_written = parameter.direction == "out" || parameter.direction == "inout";
    Binding binding{.kind = Binding::Kind::kValue, .is_writable = is_written};
    binding.value = is_written ? values_.ResolveTarget(argument, scope)
                               : values_.ResolveAs(width, argument, scope);
    if (!complaint_.IsEmpty()) return;
    if (binding.value.width != width) {
      return complaint_.Say(argument.where, "this has not the parameter's width");
    }
    const bool is_field = binding.value.op == Operator::kField;
    if (!is_field && binding.value.op != Operator::kConstant) {
      return complaint_.Say(argument.where, "an argument is a field or a constant");
    }
    if (is_field && (written.contains(binding.value.field) ||
                     (is_written && read.contains(binding.value.field)))) {
      return complaint_.Say(argument.where, "a field that is written is passed twice");
    }
    if (is_field) (is_written ? written : read).insert(binding.value.field);
    inner.names[parameter.name] = std::move(binding);
  }
}

void Bodies::CallAction(const Expression& call, const ast::Action& action, const Scope& scope,
                        const std::string& path, std::vector<Step>& steps) {
  if (++depth_ > kMaxCallDepth) return complaint_.Say(call.where, "calls are nested too deeply");
  // An action sees what its control sees, not what is local to the caller.
  const Scope* home = &scope;
  while (home->outer != nullptr && !home->names.contains(action.name)) home = home->outer;
  Scope inner{.outer = home};
  Bind(call, action.parameters, scope, inner);
  Resolve(action.body, inner, path + "." + action.name, steps);
  --depth_;
}

void Bodies::ApplyControl(const Expression& call, const ControlInstance& instance,
                          const Scope& scope, std::vector<Step>& steps) {
  if (++depth_ > kMaxCallDepth) return complaint_.Say(call.where, "calls are nested too deeply");
  Scope inner{.outer = &instance.members};
  Bind(call, instance.control->parameters, scope, inner);
  for (const Statement& variable : instance.control->variables) {
    Declare(variable, inner, instance.path, steps);
  }
  Resolve(instance.control->body, inner, instance.path, steps);
  --depth_;
}

TableAction Bodies::ResolveTableAction(const ast::Action& action, const Scope& scope,
                                       const std::string& path) {
  TableAction resolved{.name = action.name};
  Scope inner{.outer = &scope};
  for (const ast::Parameter& parameter : action.parameters) {
    if (!parameter.direction.empty()) {
      complaint_.Say(parameter.where, "a table's action has parameters without a direction");
    }
    const FieldId field = types_.MakeField(path + "." + action.name + "." + parameter.name,
                                           types_.WidthOf(parameter.type));
    resolved.parameters.push_back(field);
    inner.names[parameter.name] = {.kind = Binding::Kind::kValue,
                                   .value = types_.FieldValue(field, parameter.where),
                                   .is_writable = false};
  }
  Resolve(action.body, inner, path + "." + action.name, resolved.body);
  return resolved;
}

}  // namespace synod::slots::p4
