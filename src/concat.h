// Lines for logs and messages of errors, put together from anything that has an operator<<.
#ifndef SYNOD_SRC_CONCAT_H_
#define SYNOD_SRC_CONCAT_H_

#include <sstream>
#include <string>

namespace synod::internal {

template <class... Parts>
std::string Concat(const Parts&... parts) {
  std::ostringstream line;
  (line << ... << parts);
  return std::move(line).str();
}

}  // namespace synod::internal

#endif  // SYNOD_SRC_CONCAT_H_
