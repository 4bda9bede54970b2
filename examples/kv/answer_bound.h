// How large an answer can become, found out before a request is executed.
#ifndef SYNOD_KV_ANSWER_BOUND_H_
#define SYNOD_KV_ANSWER_BOUND_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"

#include "kv/mvcc.h"
#include "kv/proto/etcdserver.pb.h"

namespace synod_kv {

// What a pair takes in an answer, at most.
[[nodiscard]] uint64_t AnsweredBytes(const KeyVersion& pair, bool with_value);

// Of the operations that a request is made of. Never too low, and the same on every replica: it
// decides what is executed. Borrows the requests.
class AnswerBound {
 public:
  explicit AnswerBound(const StoreState& state) : state_(state) {}

  void Add(const etcdserverpb::RangeRequest& request);
  void Add(const etcdserverpb::PutRequest& request);
  void Add(const etcdserverpb::DeleteRangeRequest& request);

  // AnswerTooLargeError if all of it together could exceed kMaxAnswerBytes.
  [[nodiscard]] absl::Status Check() const;

 private:
  // Pairs that are answered with.
  struct Part {
    KeyRange range;
    int64_t revision;
    int64_t limit;  // 0: none.
    bool with_values;
  };
  [[nodiscard]] uint64_t BytesOf(const Part& part) const;

  const StoreState& state_;
  std::vector<Part> parts_;
  // What the request itself puts, which each of its parts may see.
  uint64_t put_bytes_ = 0;
};

}  // namespace synod_kv

#endif  // SYNOD_KV_ANSWER_BOUND_H_
