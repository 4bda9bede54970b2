// A P4 program as it is written: the tree that the parser makes of the text.
#ifndef SYNOD_TRANSPORTS_SWITCH_P4_AST_H_
#define SYNOD_TRANSPORTS_SWITCH_P4_AST_H_

#include <cstdint>
#include <string>
#include <vector>

#include "source.h"

namespace synod::slots::p4::ast {

// bit<32>, bool, metadata_t, register<bit<32>>
struct TypeName {
  Location where{};
  std::string name{};
  int width = 0;  // Of bit<…>.
  std::vector<TypeName> arguments{};
};

struct Expression {
  enum class Kind : uint8_t {
    kNumber,
    kName,
    kMember,
    kSlice,
    kUnary,
    kBinary,
    kCast,
    kCall,
    kList
  };

  Kind kind = Kind::kNumber;
  Location where{};
  std::string text{};  // The name, the member's name, or the operator.
  uint64_t number = 0;
  int width = 0;    // Of a number; 0 if it does not say.
  TypeName type{};  // Of a cast.
  // Of a call the callee and then the arguments; of a slice what is cut, and the two bounds.
  std::vector<Expression> operands{};
};

struct Statement {
  enum class Kind : uint8_t { kAssign, kCall, kIf, kBlock, kVariable };

  Kind kind = Kind::kBlock;
  Location where{};
  Expression target{};  // Of an assignment.
  Expression value{};   // What is assigned or called, the condition, or a variable's first value.
  bool has_value = false;
  TypeName type{};  // Of a variable, as its name is.
  std::string name{};
  std::vector<Statement> body{};
  std::vector<Statement> otherwise{};
};

struct Field {
  Location where{};
  TypeName type{};
  std::string name{};
};

// header, struct, typedef (one field), const (one field and its value).
struct TypeDeclaration {
  enum class Kind : uint8_t { kHeader, kStruct, kTypedef, kConst };

  Kind kind = Kind::kStruct;
  Location where{};
  std::string name{};
  std::vector<Field> fields{};
  Expression value{};
};

struct Parameter {
  Location where{};
  std::string direction{};  // in, out, inout, or nothing.
  TypeName type{};
  std::string name{};
};

struct Action {
  Location where{};
  std::string name{};
  std::vector<Parameter> parameters{};
  std::vector<Statement> body{};
};

struct Table {
  Location where{};
  std::string name{};
  struct Key {
    Expression value{};
    std::string match{};
  };
  std::vector<Key> keys{};
  std::vector<Expression> actions{};  // Names.
  Expression default_action{};        // A name or a call.
  bool has_default = false;
  uint64_t size = 1024;
};

// A register, or another control, inside of a control.
struct Instance {
  Location where{};
  TypeName type{};
  std::vector<Expression> arguments{};
  std::string name{};
};

struct Control {
  Location where{};
  std::string name{};
  std::vector<Parameter> parameters{};
  std::vector<Instance> instances{};
  std::vector<Action> actions{};
  std::vector<Table> tables{};
  std::vector<Statement> variables{};
  std::vector<Statement> body{};
};

struct ParserState {
  Location where{};
  std::string name{};
  std::vector<Statement> body{};
  std::vector<Expression> select{};  // Empty: it goes to `next`.
  std::string next{};
  struct Case {
    Location where{};
    std::vector<Expression> values{};  // Of kName "default" or "_" for what matches anything.
    std::string next{};
  };
  std::vector<Case> cases{};
};

struct Parser {
  Location where{};
  std::string name{};
  std::vector<Parameter> parameters{};
  std::vector<ParserState> states{};
};

struct Program {
  std::vector<TypeDeclaration> types{};
  std::vector<Parser> parsers{};
  std::vector<Control> controls{};
  // V1Switch(…) main;
  Location main_where{};
  std::vector<std::string> main{};
};

}  // namespace synod::slots::p4::ast

#endif  // SYNOD_TRANSPORTS_SWITCH_P4_AST_H_
