// Bytes that are written once and then shared: the commands in the log and the chunks of a
// snapshot.
#ifndef SYNOD_BASE_PAYLOAD_H_
#define SYNOD_BASE_PAYLOAD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <ostream>
#include <string_view>
#include <utility>

#include "synod/base/assert.h"

namespace synod {

namespace internal {

// The header of a reference-counted block; its bytes follow it in the same allocation.
struct Block {
  std::atomic<uint32_t> references;
  char* bytes() { return reinterpret_cast<char*>(this + 1); }

  static Block* New(size_t size) {
    void* memory = std::malloc(sizeof(Block) + size);
    if (memory == nullptr) [[unlikely]] {
      std::abort();  // Without exceptions there is no way to go on that is not worse.
    }
    return new (memory) Block{.references = 1};
  }
  void Ref() { references.fetch_add(1, std::memory_order_relaxed); }
  void Unref() {
    // A sole owner need not pay for an atomic decrement: nobody else can add a reference.
    if (references.load(std::memory_order_acquire) == 1 ||
        references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      std::free(this);
    }
  }
};

}  // namespace internal

// An immutable run of bytes. Copies and slices share the block that holds them, so a slice keeps
// all of its block alive. Copying and destroying are safe from any thread.
class Payload {
 public:
  Payload() = default;
  Payload(const Payload& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
    if (block_ != nullptr) block_->Ref();
  }
  Payload(Payload&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)) {}
  Payload& operator=(Payload other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Payload() {
    if (block_ != nullptr) block_->Unref();
  }

  // One allocation and one copy.
  static Payload Copy(std::string_view bytes) {
    if (bytes.empty()) return {};
    internal::Block* block = internal::Block::New(bytes.size());
    std::memcpy(block->bytes(), bytes.data(), bytes.size());
    return Payload(block, block->bytes(), bytes.size());
  }

  [[nodiscard]] std::string_view view() const { return {data_, size_}; }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  friend bool operator==(const Payload& a, const Payload& b) { return a.view() == b.view(); }
  friend std::ostream& operator<<(std::ostream& out, const Payload& p) { return out << p.view(); }

 private:
  friend class Buffer;
  Payload(internal::Block* block, const char* data, size_t size)
      : block_(block), data_(data), size_(size) {}

  internal::Block* block_ = nullptr;
  const char* data_ = nullptr;
  size_t size_ = 0;
};

// A block while it is being filled. Parts that are filled may be shared as Payloads before the rest
// is: a receiver reads many frames into one buffer and hands out slices, without a copy. The owner
// never rewrites bytes it has shared.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(size_t capacity) : block_(internal::Block::New(capacity)), capacity_(capacity) {}
  Buffer(Buffer&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(block_, other.block_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~Buffer() {
    if (block_ != nullptr) block_->Unref();
  }

  [[nodiscard]] char* data() { return block_ == nullptr ? nullptr : block_->bytes(); }
  [[nodiscard]] size_t capacity() const { return capacity_; }

  [[nodiscard]] Payload Share(size_t offset, size_t size) {
    SYNOD_ASSERT(offset <= capacity_ && size <= capacity_ - offset,
                 "a slice lies within its buffer");
    if (size == 0) return {};
    block_->Ref();
    return Payload(block_, block_->bytes() + offset, size);
  }

 private:
  internal::Block* block_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace synod

#endif  // SYNOD_BASE_PAYLOAD_H_
