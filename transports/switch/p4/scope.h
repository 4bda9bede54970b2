// What the names in a P4 program stand for, at the place that is looked at.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_SCOPE_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_SCOPE_H_

#include <map>
#include <string>

#include "ast.h"
#include "program.h"

namespace synod::slots::p4 {

struct ControlInstance;

struct Binding {
  enum class Kind : uint8_t {
    kNone,
    kValue,     // A constant, or a field.
    kPlace,     // A struct or a header, known by its path.
    kPacket,    // packet_in, packet_out.
    kRegister,  // `object` is its number, as of tables.
    kTable,
    kAction,
    kControl,
  };

  Kind kind = Kind::kNone;
  Value value{};
  bool is_writable = true;
  std::string path{};
  int object = 0;
  const ast::Action* action = nullptr;
  const ControlInstance* control = nullptr;
};

struct Scope {
  const Scope* outer = nullptr;
  std::map<std::string, Binding> names{};

  [[nodiscard]] const Binding* Find(const std::string& name) const {
    for (const Scope* scope = this; scope != nullptr; scope = scope->outer) {
      if (const auto found = scope->names.find(name); found != scope->names.end()) {
        return &found->second;
      }
    }
    return nullptr;
  }
};

// A control with registers of its own.
struct ControlInstance {
  const ast::Control* control = nullptr;
  std::string path{};
  Scope members{};
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_SCOPE_H_
