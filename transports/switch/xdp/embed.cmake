# Writes the bytes of the file FROM into the source TO, as what XdpProgram returns.
file(READ "${FROM}" bytes HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
string(REGEX REPLACE "(................................................................................)"
  "\\1\n" bytes "${bytes}")
file(WRITE "${TO}" "// Made from acceptor.bpf.c.
#include \"synod/switch/xdp_acceptor.h\"

namespace synod::slots {
namespace {

// Aligned as an object's headers are.
alignas(16) constexpr unsigned char kProgram[] = {
${bytes}
};

}  // namespace

std::string_view XdpProgram() {
  return {reinterpret_cast<const char*>(kProgram), sizeof(kProgram)};
}

}  // namespace synod::slots
")
