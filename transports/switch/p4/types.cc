#include "types.h"

namespace synod::slots::p4 {
namespace {

// More than any program within the limits has.
constexpr size_t kMaxFields = 4096;

}  // namespace

void Types::Declare(const ast::Program& source, Scope& globals) {
  for (const ast::TypeDeclaration& type : source.types) {
    if (type.kind == ast::TypeDeclaration::Kind::kConst) {
      DeclareConst(type, globals);
    } else if (!types_.emplace(type.name, &type).second) {
      complaint_.Say(type.where, "the type " + type.name + " is declared twice");
    } else if (type.kind == ast::TypeDeclaration::Kind::kTypedef) {
      (void)WidthOf(type.fields[0].type);
    } else if (type.kind == ast::TypeDeclaration::Kind::kHeader) {
      int bits = 0;
      for (const ast::Field& field : type.fields) bits += WidthOf(field.type);
      if (bits % 8 == 0) continue;
      complaint_.Say(type.where, "the header " + type.name + " has " + std::to_string(bits) +
                                     " bits, which are no whole bytes");
    }
  }
}

void Types::DeclareConst(const ast::TypeDeclaration& type, Scope& globals) {
  const int width = WidthOf(type.fields[0].type);
  if (type.value.kind != ast::Expression::Kind::kNumber) {
    complaint_.Say(type.value.where, "a constant is a number");
    return;
  }
  if ((type.value.number & ~Mask(width)) != 0 ||
      (type.value.width != 0 && type.value.width != width)) {
    complaint_.Say(type.value.where, "this does not fit bit<" + std::to_string(width) + ">");
    return;
  }
  const Binding binding{
      .kind = Binding::Kind::kValue,
      .value = {.where = type.where, .width = width, .constant = type.value.number},
      .is_writable = false};
  if (!globals.names.emplace(type.name, binding).second) {
    complaint_.Say(type.where, "the constant " + type.name + " is declared twice");
  }
}

int Types::WidthOf(const ast::TypeName& type) {
  if (type.name == "bit") return type.width;
  if (IsBool(type)) return 1;
  const auto found = types_.find(type.name);
  if (found != types_.end() && found->second->kind == ast::TypeDeclaration::Kind::kTypedef) {
    // A type may only use those before it, so this ends.
    const ast::TypeName& meant = found->second->fields[0].type;
    if (meant.name == "bit") return meant.width;
    complaint_.Say(found->second->where, "a typedef is a name for bit<…>");
    return 1;
  }
  complaint_.Say(type.where, type.name + " is no bit<…>, bool or name for them");
  return 1;
}

FieldId Types::MakeField(const std::string& name, int width, bool is_bool) {
  if (program_.fields.size() >= kMaxFields) {
    complaint_.Say({}, "the program has more fields than " + std::to_string(kMaxFields));
    return 0;
  }
  const auto field = static_cast<FieldId>(program_.fields.size());
  program_.fields.push_back({.name = name, .width = width, .is_bool = is_bool});
  fields_[name] = field;
  return field;
}

void Types::MakeVariable(const ast::TypeName& type, const std::string& path) {
  if (type.name == "standard_metadata_t") return MakeStandardMetadata(path);
  const auto found = types_.find(type.name);
  if (found == types_.end() || found->second->kind == ast::TypeDeclaration::Kind::kTypedef) {
    MakeField(path, WidthOf(type), IsBool(type));
    return;
  }
  if (found->second->kind == ast::TypeDeclaration::Kind::kHeader) {
    return MakeHeader(*found->second, path);
  }
  if (!structs_.emplace(path, true).second) return;
  for (const ast::Field& field : found->second->fields) {
    if (field.type.name == type.name) {
      complaint_.Say(field.where, "a struct cannot contain itself");
      return;
    }
    if (!complaint_.IsEmpty()) return;
    // Two that contain each other would go on for ever; such paths are long before that.
    if (path.size() > 1000) return complaint_.Say(field.where, "structs are nested too deeply");
    MakeVariable(field.type, path + "." + field.name);
  }
}

void Types::MakeHeader(const ast::TypeDeclaration& type, const std::string& path) {
  Header header{.name = path};
  for (const ast::Field& field : type.fields) {
    const int width = WidthOf(field.type);
    header.bits += width;
    header.fields.push_back(MakeField(path + "." + field.name, width));
  }
  header.valid = MakeField(path + ".$valid", 1, /*is_bool=*/true);
  headers_[path] = static_cast<int>(program_.headers.size());
  program_.headers.push_back(std::move(header));
}

void Types::MakeStandardMetadata(const std::string& path) {
  structs_[path] = true;
  program_.ingress_port = MakeField(path + ".ingress_port", 9);
  program_.egress_spec = MakeField(path + ".egress_spec", 9);
  program_.packet_length = MakeField(path + ".packet_length", 32);
  program_.checksum_error = MakeField(path + ".checksum_error", 1);
}

std::optional<FieldId> Types::FieldAt(const std::string& path) const {
  const auto found = fields_.find(path);
  if (found == fields_.end()) return std::nullopt;
  return found->second;
}

std::optional<int> Types::HeaderAt(const std::string& path) const {
  const auto found = headers_.find(path);
  if (found == headers_.end()) return std::nullopt;
  return found->second;
}

Value Types::FieldValue(FieldId field, Location where) const {
  const Field& info = program_.fields[field];
  return {.op = Operator::kField,
          .where = where,
          .width = info.width,
          .is_bool = info.is_bool,
          .field = field};
}

}  // namespace synod::slots::p4
