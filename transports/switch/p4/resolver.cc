#include "resolver.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bodies.h"
#include "scope.h"
#include "types.h"
#include "values.h"

namespace synod::slots::p4 {
namespace {

using ast::Expression;

constexpr uint64_t kMaxRegisterWords = uint64_t{1} << 20;
constexpr uint64_t kMaxTableEntries = uint64_t{1} << 16;
constexpr size_t kMaxKeys = 4;
constexpr size_t kMaxStates = 256;
constexpr size_t kMaxInstances = 1000;

// What V1Switch is made of, in its order.
enum Part : size_t { kParser, kVerify, kIngress, kEgress, kUpdate, kDeparser, kParts };

class Resolver {
 public:
  Resolver(const ast::Program& source, Complaint& complaint)
      : source_(source),
        complaint_(complaint),
        types_(program_, complaint),
        values_(types_, complaint),
        bodies_(program_, types_, values_, complaint) {}

  Program Run();

 private:
  bool CheckMain();
  const ast::Control* FindControl(const std::string& name) const;
  void BindParameters(const std::vector<ast::Parameter>& parameters, Location where,
                      const std::vector<std::string>& roots, Scope& scope);
  void Parser(const ast::Parser& parser);
  void State(const ast::ParserState& state, Scope& scope);
  ParserState::Case Case(const ast::ParserState::Case& choice, const ParserState& state,
                         const Scope& scope);
  int NextState(const std::string& name, Location where) const;
  void Ingress(const ast::Control& control);
  void MakeInstances(const ast::Control& control, const std::string& path, Scope& members);
  void MakeRegister(const ast::Instance& instance, const std::string& path, Scope& members);
  void MakeTable(const ast::Table& table, const Scope& scope);
  void Checksums(const ast::Control& control, bool is_update, std::vector<Checksum>& checksums);
  Checksum OneChecksum(const Expression& call, bool is_update, const Scope& scope);
  void Deparser(const ast::Control& control);

  const ast::Program& source_;
  Complaint& complaint_;
  Program program_;
  Types types_;
  Values values_;
  Bodies bodies_;
  Scope globals_;
  std::string headers_type_;
  std::string metadata_type_;
  std::map<std::string, int> states_;
  std::vector<std::unique_ptr<ControlInstance>> instances_;
};

const ast::Control* Resolver::FindControl(const std::string& name) const {
  for (const ast::Control& control : source_.controls) {
    if (control.name == name) return &control;
  }
  return nullptr;
}

bool Resolver::CheckMain() {
  if (source_.main.size() != kParts) {
    complaint_.Say(
        source_.main_where,
        "a program ends in V1Switch(parser, verify, ingress, egress, update, deparser) main");
    return false;
  }
  if (source_.parsers.size() != 1 || source_.parsers[0].name != source_.main[kParser]) {
    complaint_.Say(source_.main_where, "there is one parser, and it is V1Switch's first argument");
    return false;
  }
  for (size_t part = kVerify; part < kParts; ++part) {
    if (FindControl(source_.main[part]) != nullptr) continue;
    complaint_.Say(source_.main_where, "there is no control " + source_.main[part]);
    return false;
  }
  // What core.p4 and v1model.p4 declare themselves.
  std::set<std::string> names = {"Parser",          "VerifyChecksum", "Ingress", "Egress",
                                 "ComputeChecksum", "Deparser",       "V1Switch"};
  for (const ast::Control& control : source_.controls) {
    if (!names.insert(control.name).second) {
      complaint_.Say(control.where, "the control " + control.name + " is declared twice");
    }
  }
  return true;
}

Program Resolver::Run() {
  types_.Declare(source_, globals_);
  if (!complaint_.IsEmpty() || !CheckMain()) return {};
  Parser(source_.parsers[0]);
  if (!complaint_.IsEmpty()) return {};
  Checksums(*FindControl(source_.main[kVerify]), /*is_update=*/false, program_.verified);
  Ingress(*FindControl(source_.main[kIngress]));
  const ast::Control& egress = *FindControl(source_.main[kEgress]);
  if (!egress.body.empty() || !egress.instances.empty()) {
    complaint_.Say(egress.where, "what happens at egress is outside of the subset");
  }
  Checksums(*FindControl(source_.main[kUpdate]), /*is_update=*/true, program_.updated);
  Deparser(*FindControl(source_.main[kDeparser]));
  return std::move(program_);
}

// Each root is the type that is expected, or the path of what the parameter stands for.
void Resolver::BindParameters(const std::vector<ast::Parameter>& parameters, Location where,
                              const std::vector<std::string>& roots, Scope& scope) {
  if (parameters.size() != roots.size()) {
    return complaint_.Say(where,
                          "V1Switch gives this " + std::to_string(roots.size()) + " parameters");
  }
  for (size_t i = 0; i < roots.size(); ++i) {
    const ast::Parameter& parameter = parameters[i];
    const bool is_packet = roots[i] == "packet_in" || roots[i] == "packet_out";
    const std::string expected = is_packet            ? roots[i]
                                 : roots[i] == "hdr"  ? headers_type_
                                 : roots[i] == "meta" ? metadata_type_
                                                      : "standard_metadata_t";
    if (parameter.type.name != expected) {
      return complaint_.Say(parameter.where, "this parameter is of type " + expected);
    }
    scope.names[parameter.name] = {
        .kind = is_packet ? Binding::Kind::kPacket : Binding::Kind::kPlace,
        .is_writable = parameter.direction != "in",
        .path = roots[i]};
  }
}

void Resolver::Parser(const ast::Parser& parser) {
  if (parser.parameters.size() != 4) {
    return complaint_.Say(parser.where,
                          "a parser has four parameters: packet, headers, metadata, "
                          "standard metadata");
  }
  headers_type_ = parser.parameters[1].type.name;
  metadata_type_ = parser.parameters[2].type.name;
  types_.MakeVariable(parser.parameters[1].type, "hdr");
  types_.MakeVariable(parser.parameters[2].type, "meta");
  types_.MakeVariable({.name = "standard_metadata_t"}, "standard");
  Scope scope{.outer = &globals_};
  BindParameters(parser.parameters, parser.where, {"packet_in", "hdr", "meta", "standard"}, scope);

  // The one named start is the first.
  std::vector<const ast::ParserState*> states;
  for (const ast::ParserState& state : parser.states) states.push_back(&state);
  std::stable_partition(states.begin(), states.end(),
                        [](const ast::ParserState* state) { return state->name == "start"; });
  if (states.size() > kMaxStates) {
    return complaint_.Say(parser.where, "a parser has at most 256 states");
  }
  if (states.empty() || states[0]->name != "start") {
    return complaint_.Say(parser.where, "a parser begins in a state named start");
  }
  for (const ast::ParserState* state : states) {
    if (!states_.emplace(state->name, static_cast<int>(states_.size())).second) {
      return complaint_.Say(state->where, "the state " + state->name + " is declared twice");
    }
  }
  for (const ast::ParserState* state : states) State(*state, scope);
}

int Resolver::NextState(const std::string& name, Location where) const {
  if (name == "accept") return ParserState::kAccept;
  if (name == "reject") return ParserState::kReject;
  const auto found = states_.find(name);
  if (found != states_.end()) return found->second;
  complaint_.Say(where, "there is no state " + name);
  return ParserState::kAccept;
}

void Resolver::State(const ast::ParserState& source, Scope& scope) {
  ParserState state{.name = source.name, .where = source.where};
  bodies_.Resolve(source.body, scope, source.name, state.body);
  for (const Step& step : state.body) {
    if (step.kind != Step::Kind::kExtract && step.kind != Step::Kind::kAssign) {
      complaint_.Say(step.where, "a parser extracts and assigns, nothing else");
    }
  }
  if (source.select.empty()) {
    state.cases.push_back({.next = NextState(source.next, source.where)});
  }
  for (const Expression& key : source.select) {
    const Value value = values_.Resolve(key, scope);
    if (value.op != Operator::kField) {
      complaint_.Say(key.where, "a parser selects by fields as they are");
    }
    state.select.push_back(value.field);
  }
  for (const ast::ParserState::Case& choice : source.cases) {
    state.cases.push_back(Case(choice, state, scope));
  }
  program_.parser.push_back(std::move(state));
}

ParserState::Case Resolver::Case(const ast::ParserState::Case& choice, const ParserState& state,
                                 const Scope& scope) {
  ParserState::Case resolved{.next = NextState(choice.next, choice.where)};
  const auto is_any = [](const Expression& value) {
    return value.kind == Expression::Kind::kName && (value.text == "default" || value.text == "_");
  };
  if (choice.values.size() == 1 && is_any(choice.values[0])) {
    resolved.matches.assign(state.select.size(), {.any = true});
    return resolved;
  }
  if (choice.values.size() != state.select.size()) {
    complaint_.Say(choice.where, "this case has another number of values than the select");
    return resolved;
  }
  for (size_t i = 0; i < choice.values.size(); ++i) {
    if (is_any(choice.values[i])) {
      resolved.matches.push_back({.any = true});
      continue;
    }
    const Value value =
        values_.ResolveAs(program_.fields[state.select[i]].width, choice.values[i], scope);
    if (value.op != Operator::kConstant) {
      complaint_.Say(choice.values[i].where, "what is selected is a constant");
    }
    resolved.matches.push_back({.value = value.constant});
  }
  return resolved;
}

void Resolver::MakeRegister(const ast::Instance& instance, const std::string& path,
                            Scope& members) {
  if (instance.type.arguments.size() != 1 || types_.WidthOf(instance.type.arguments[0]) != 32) {
    return complaint_.Say(instance.where, "a register's words have 32 bits: register<bit<32>>");
  }
  const Value size =
      instance.arguments.size() == 1 ? values_.Resolve(instance.arguments[0], globals_) : Value{};
  if (size.op != Operator::kConstant || size.constant == 0 || size.constant > kMaxRegisterWords) {
    return complaint_.Say(instance.where, "a register's size is a constant up to " +
                                              std::to_string(kMaxRegisterWords));
  }
  members.names[instance.name] = {.kind = Binding::Kind::kRegister,
                                  .object = static_cast<int>(program_.registers.size())};
  program_.registers.push_back({.name = path + instance.name,
                                .where = instance.where,
                                .size = static_cast<uint32_t>(size.constant)});
}

// Registers, and other controls, which were declared before: so this ends.
void Resolver::MakeInstances(const ast::Control& control, const std::string& path, Scope& members) {
  for (const ast::Instance& instance : control.instances) {
    if (!complaint_.IsEmpty()) return;
    if (instances_.size() + program_.registers.size() > kMaxInstances) {
      return complaint_.Say(instance.where, "there are too many registers and controls");
    }
    if (members.names.contains(instance.name)) {
      return complaint_.Say(instance.where, instance.name + " is declared twice");
    }
    if (instance.type.name == "register") {
      MakeRegister(instance, path, members);
      continue;
    }
    const ast::Control* inner = FindControl(instance.type.name);
    if (inner == nullptr || inner >= &control || !instance.arguments.empty()) {
      return complaint_.Say(
          instance.where, "there is no register or control " + instance.type.name + " before this");
    }
    if (!inner->tables.empty()) {
      return complaint_.Say(inner->tables[0].where, "tables are in the ingress control only");
    }
    auto made = std::make_unique<ControlInstance>();
    made->control = inner;
    made->path = path + instance.name;
    made->members.outer = &globals_;
    MakeInstances(*inner, made->path + ".", made->members);
    members.names[instance.name] = {.kind = Binding::Kind::kControl, .control = made.get()};
    instances_.push_back(std::move(made));
  }
  for (const ast::Action& action : control.actions) {
    if (!members.names
             .emplace(action.name, Binding{.kind = Binding::Kind::kAction, .action = &action})
             .second) {
      complaint_.Say(action.where, action.name + " is declared twice");
    }
  }
}

void Resolver::MakeTable(const ast::Table& source, const Scope& scope) {
  Table table{.name = source.name, .where = source.where, .size = source.size};
  if (source.size > kMaxTableEntries || source.keys.empty() || source.keys.size() > kMaxKeys) {
    return complaint_.Say(source.where, "a table has one to four keys and up to " +
                                            std::to_string(kMaxTableEntries) + " entries");
  }
  for (const ast::Table::Key& key : source.keys) {
    const Value value = values_.Resolve(key.value, scope);
    if (value.op != Operator::kField) complaint_.Say(key.value.where, "a key is a field as it is");
    table.keys.push_back(value.field);
  }
  const Expression& chosen = source.default_action;
  const std::string default_name = !source.has_default ? "NoAction"
                                   : chosen.kind == Expression::Kind::kCall
                                       ? chosen.operands[0].text
                                       : chosen.text;
  table.default_action = source.actions.size();
  for (const Expression& name : source.actions) {
    if (name.text == default_name) table.default_action = table.actions.size();
    if (name.text == "NoAction") {
      table.actions.push_back({.name = "NoAction"});
      continue;
    }
    const Binding action = values_.Look(name, scope);
    if (action.kind != Binding::Kind::kAction) {
      return complaint_.Say(name.where, "this is no action");
    }
    table.actions.push_back(bodies_.ResolveTableAction(*action.action, scope, source.name));
  }
  if (table.default_action == source.actions.size() ||
      !table.actions[table.default_action].parameters.empty()) {
    return complaint_.Say(source.where, "a table's default action is one of its own, without data");
  }
  program_.tables.push_back(std::move(table));
}

void Resolver::Ingress(const ast::Control& control) {
  Scope members{.outer = &globals_};
  MakeInstances(control, "", members);
  Scope scope{.outer = &members};
  BindParameters(control.parameters, control.where, {"hdr", "meta", "standard"}, members);
  for (const ast::Statement& variable : control.variables) {
    bodies_.Declare(variable, members, control.name, program_.ingress);
  }
  for (const ast::Table& table : control.tables) {
    if (!complaint_.IsEmpty()) return;
    MakeTable(table, members);
    members.names[table.name] = {.kind = Binding::Kind::kTable,
                                 .object = static_cast<int>(program_.tables.size()) - 1};
  }
  bodies_.Resolve(control.body, scope, control.name, program_.ingress);
}

void Resolver::Checksums(const ast::Control& control, bool is_update,
                         std::vector<Checksum>& checksums) {
  Scope scope{.outer = &globals_};
  BindParameters(control.parameters, control.where, {"hdr", "meta"}, scope);
  for (const ast::Statement& statement : control.body) {
    if (!complaint_.IsEmpty()) return;
    const char* name = is_update ? "update_checksum" : "verify_checksum";
    if (statement.kind != ast::Statement::Kind::kCall || statement.value.operands[0].text != name ||
        statement.value.operands.size() != 5) {
      return complaint_.Say(statement.where, std::string("only calls of ") + name +
                                                 " with four arguments can be here");
    }
    checksums.push_back(OneChecksum(statement.value, is_update, scope));
  }
}

Checksum Resolver::OneChecksum(const Expression& call, bool is_update, const Scope& scope) {
  Checksum checksum{.where = call.where};
  checksum.condition = values_.ResolveCondition(call.operands[1], scope);
  int bits = 0;
  if (call.operands[2].kind != Expression::Kind::kList) {
    complaint_.Say(call.operands[2].where, "what is summed is a list");
  }
  for (const Expression& item : call.operands[2].operands) {
    const Value value = values_.Resolve(item, scope);
    if (value.width == 0 || (value.op != Operator::kField && value.op != Operator::kConstant)) {
      complaint_.Say(item.where, "what is summed is a field, or a constant of known width");
    }
    bits += value.width;
    checksum.data.push_back(value);
  }
  if (bits % 16 != 0) {
    complaint_.Say(call.operands[2].where, "what is summed has whole words of 16 bits");
  }
  checksum.sum = is_update ? values_.ResolveTarget(call.operands[3], scope)
                           : values_.ResolveAs(16, call.operands[3], scope);
  if (checksum.sum.width != 16) complaint_.Say(call.operands[3].where, "a sum has 16 bits");
  const Expression& algorithm = call.operands[4];
  if (algorithm.kind != Expression::Kind::kMember || algorithm.text != "csum16" ||
      algorithm.operands[0].text != "HashAlgorithm") {
    complaint_.Say(algorithm.where, "of sums there is HashAlgorithm.csum16");
  }
  return checksum;
}

void Resolver::Deparser(const ast::Control& control) {
  Scope scope{.outer = &globals_};
  BindParameters(control.parameters, control.where, {"packet_out", "hdr"}, scope);
  for (const ast::Statement& statement : control.body) {
    if (!complaint_.IsEmpty()) return;
    const Expression& call = statement.value;
    if (statement.kind != ast::Statement::Kind::kCall ||
        call.operands[0].kind != Expression::Kind::kMember || call.operands[0].text != "emit" ||
        call.operands.size() != 2) {
      return complaint_.Say(statement.where, "a deparser emits headers, nothing else");
    }
    const Binding header = values_.Look(call.operands[1], scope);
    const auto number = types_.HeaderAt(header.path);
    if (!number) return complaint_.Say(call.operands[1].where, "this is no header");
    program_.emitted.push_back(*number);
  }
}

}  // namespace

Program ResolveProgram(const ast::Program& source, Complaint& complaint) {
  return Resolver(source, complaint).Run();
}

}  // namespace synod::slots::p4
