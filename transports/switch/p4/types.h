// The types and constants of a P4 program, and the fields that variables of them are made of.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_TYPES_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_TYPES_H_

#include <map>
#include <optional>
#include <string>

#include "ast.h"
#include "program.h"
#include "scope.h"

namespace synod::slots::p4 {

class Types {
 public:
  Types(Program& program, Complaint& complaint) : program_(program), complaint_(complaint) {}

  // Constants go to `globals`.
  void Declare(const ast::Program& source, Scope& globals);

  // Makes the fields of a variable; those of a struct are at "path.name".
  void MakeVariable(const ast::TypeName& type, const std::string& path);
  FieldId MakeField(const std::string& name, int width, bool is_bool = false);

  // The width of bit<…>, of bool or of a name for them; complains about other types.
  int WidthOf(const ast::TypeName& type);
  static bool IsBool(const ast::TypeName& type) { return type.name == "bool"; }

  [[nodiscard]] std::optional<FieldId> FieldAt(const std::string& path) const;
  [[nodiscard]] std::optional<int> HeaderAt(const std::string& path) const;
  [[nodiscard]] bool IsStruct(const std::string& path) const { return structs_.contains(path); }
  [[nodiscard]] Value FieldValue(FieldId field, Location where) const;

 private:
  void MakeHeader(const ast::TypeDeclaration& type, const std::string& path);
  void MakeStandardMetadata(const std::string& path);
  void DeclareConst(const ast::TypeDeclaration& type, Scope& globals);

  Program& program_;
  Complaint& complaint_;
  std::map<std::string, const ast::TypeDeclaration*> types_;
  std::map<std::string, FieldId> fields_;
  std::map<std::string, int> headers_;
  std::map<std::string, bool> structs_;
};

}  // namespace synod::slots::p4

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_TYPES_H_
