// Resolves statements. Actions and controls are put in place of their calls: a parameter stands for
// the field that is passed, which is the same as copying it in and out as long as no two are one.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_BODIES_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_BODIES_H_

#include <string>
#include <vector>

#include "ast.h"
#include "program.h"
#include "scope.h"
#include "types.h"
#include "values.h"

namespace synod::slots::p4 {

class Bodies {
 public:
  Bodies(Program& program, Types& types, Values& values, Complaint& complaint)
      : program_(program), types_(types), values_(values), complaint_(complaint) {}

  // Variables get their fields below `path`.
  void Resolve(const std::vector<ast::Statement>& body, Scope& scope, const std::string& path,
               std::vector<Step>& steps);
  // A variable's declaration, whose name is known in `scope` from then on.
  void Declare(const ast::Statement& statement, Scope& scope, const std::string& path,
               std::vector<Step>& steps);
  // An action that a table calls: its parameters come from the table's entry.
  TableAction ResolveTableAction(const ast::Action& action, const Scope& scope,
                                 const std::string& path);

 private:
  void ResolveOne(const ast::Statement& statement, Scope& scope, const std::string& path,
                  std::vector<Step>& steps);
  void Assign(const ast::Statement& statement, const Scope& scope, std::vector<Step>& steps);
  void If(const ast::Statement& statement, Scope& scope, const std::string& path,
          std::vector<Step>& steps);
  void Call(const ast::Expression& call, const Scope& scope, const std::string& path,
            std::vector<Step>& steps);
  void Method(const ast::Expression& call, const Scope& scope, std::vector<Step>& steps);
  void Access(const ast::Expression& call, const Binding& target, const Scope& scope,
              std::vector<Step>& steps);
  void Extract(const ast::Expression& call, const Scope& scope, std::vector<Step>& steps);
  void MarkToDrop(const ast::Expression& call, const Scope& scope, std::vector<Step>& steps);
  void CallAction(const ast::Expression& call, const ast::Action& action, const Scope& scope,
                  const std::string& path, std::vector<Step>& steps);
  void ApplyControl(const ast::Expression& call, const ControlInstance& instance,
                    const Scope& scope, std::vector<Step>& steps);
  void Bind(const ast::Expression& call, const std::vector<ast::Parameter>& parameters,
            const Scope& scope, Scope& inner);

  Program& program_;
  Types& types_;
  Values& values_;
  Complaint& complaint_;
  int depth_ = 0;       // Of calls in each other.
  int statements_ = 0;  // That were resolved.
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_BODIES_H_
