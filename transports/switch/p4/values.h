// Resolves expressions: names to fields and constants, with the widths that P4 asks for.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_VALUES_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_VALUES_H_

#include <string>

#include "ast.h"
#include "program.h"
#include "scope.h"
#include "types.h"

namespace synod::slots::p4 {

class Values {
 public:
  Values(Types& types, Complaint& complaint) : types_(types), complaint_(complaint) {}

  // Each complains and returns something harmless if the expression is not right.

  // Any value. Its width is 0 if it is a number that does not say.
  Value Resolve(const ast::Expression& source, const Scope& scope);
  // A value of `width` bits.
  Value ResolveAs(int width, const ast::Expression& source, const Scope& scope);
  Value ResolveCondition(const ast::Expression& source, const Scope& scope);
  // What a name or a member stands for, whatever it is; kNone after a complaint.
  Binding Look(const ast::Expression& source, const Scope& scope);
  // A field that may be written.
  Value ResolveTarget(const ast::Expression& source, const Scope& scope);

  // Gives a number without a width the width that is asked for.
  void Fit(Value& value, int width);

 private:
  Value Unary(const ast::Expression& source, const Scope& scope);
  Value Binary(const ast::Expression& source, const Scope& scope);
  Value Shift(const ast::Expression& source, const Scope& scope);
  Value Slice(const ast::Expression& source, const Scope& scope);
  Value Cast(const ast::Expression& source, const Scope& scope);
  Value Call(const ast::Expression& source, const Scope& scope);
  Value Wrong(Location where, const std::string& why);

  Types& types_;
  Complaint& complaint_;
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_VALUES_H_
