#include "kv/answer_bound.h"

#include <algorithm>

#include "kv/errors.h"
#include "kv/executor.h"
#include "kv/request_check.h"

namespace synod_kv {

namespace {

// The numbers of a pair, and the lengths and tags around it.
constexpr uint64_t kPairOverhead = 64;
static_assert(kPairOverhead <= KeyVersion::kNodeBytes,
              "no part of an answer is larger than StoreState::bytes");

constexpr uint64_t kMaxPairBytes = kMaxRequestBytes + kPairOverhead;

}  // namespace

uint64_t AnsweredBytes(const KeyVersion& pair, bool with_value) {
  return pair.key.size() + (with_value ? pair.value.size() : 0) + kPairOverhead;
}

void AnswerBound::Add(const etcdserverpb::RangeRequest& request) {
  if (request.count_only()) return;
  parts_.push_back({.range = KeyRange(request.key(), request.range_end()),
                    .revision = request.revision() > 0 ? request.revision() : state_.revision,
                    .limit = std::max<int64_t>(request.limit(), 0),
                    .with_values = !request.keys_only()});
}

void AnswerBound::Add(const etcdserverpb::PutRequest& request) {
  put_bytes_ += request.key().size() + request.value().size() + kPairOverhead;
  if (!request.prev_kv()) return;
  parts_.push_back({.range = KeyRange(request.key(), ""),
                    .revision = state_.revision,
                    .limit = 1,
                    .with_values = true});
}

void AnswerBound::Add(const etcdserverpb::DeleteRangeRequest& request) {
  if (!request.prev_kv()) return;
  parts_.push_back({.range = KeyRange(request.key(), request.range_end()),
                    .revision = state_.revision,
                    .limit = 0,
                    .with_values = true});
}

absl::Status AnswerBound::Check() const {
  // Nearly always it is clear without a look at the keys.
  if (parts_.size() * (state_.bytes + put_bytes_) <= kMaxAnswerBytes) return absl::OkStatus();
  uint64_t bytes = 0;
  for (const Part& part : parts_) {
    bytes += BytesOf(part);
    if (bytes > kMaxAnswerBytes) return AnswerTooLargeError();
  }
  return absl::OkStatus();
}

// Which pairs a limit lets through depends on what the request itself changes: any may be among
// them.
uint64_t AnswerBound::BytesOf(const Part& part) const {
  const auto limit = static_cast<uint64_t>(part.limit);
  const bool limits = limit > 0 && limit <= kMaxAnswerBytes / kMaxPairBytes;
  // What is beyond it need not be looked at.
  const uint64_t most = limits ? limit * kMaxPairBytes : kMaxAnswerBytes;
  uint64_t bytes = put_bytes_;
  state_.ForEach(part.range, part.revision, [&](const KeyVersion& pair) {
    bytes += AnsweredBytes(pair, part.with_values);
    return bytes <= most;
  });
  return limits ? std::min(bytes, most) : bytes;
}

}  // namespace synod_kv
