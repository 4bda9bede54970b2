// Integers in files: little-endian, whatever the machine.
#ifndef SYNOD_KV_LITTLE_ENDIAN_H_
#define SYNOD_KV_LITTLE_ENDIAN_H_

#include <concepts>
#include <cstddef>

namespace synod_kv {

// Writes `value` at `out` and returns the place behind it.
template <std::unsigned_integral Integer>
char* PutLittleEndian(char* out, Integer value) {
  for (size_t byte = 0; byte < sizeof(Integer); ++byte) {
    *out++ = static_cast<char>(value >> (8 * byte));
  }
  return out;
}

template <std::unsigned_integral Integer>
Integer GetLittleEndian(const char* in) {
  Integer value = 0;
  for (size_t byte = 0; byte < sizeof(Integer); ++byte) {
    value |= static_cast<Integer>(static_cast<unsigned char>(in[byte])) << (8 * byte);
  }
  return value;
}

}  // namespace synod_kv

#endif  // SYNOD_KV_LITTLE_ENDIAN_H_
