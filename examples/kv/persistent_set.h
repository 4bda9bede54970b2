// An ordered set that is copied in constant time: copies share their nodes, and a copy that changes
// replaces only the nodes on the path to the change.
#ifndef SYNOD_KV_PERSISTENT_SET_H_
#define SYNOD_KV_PERSISTENT_SET_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <synod/base/rng.h>

namespace synod_kv {

// A treap (Seidel & Aragon, "Randomized Search Trees"): ordered by `Less`, and a heap by random
// priorities, which keeps it balanced however the elements arrive. While no copy exists nothing is
// shared and changes are made in place; a copy, such as a snapshot being written, makes each change
// pay for the O(log n) nodes on its path once. `Less` must also order elements against the probes
// that are looked up.
//
// Distinct copies may be used from distinct threads at once, though they share nodes: a node's
// reference count is atomic, and a node that is referred to more than once is never written.
template <class T, class Less>
class PersistentSet {
  struct Node;

  // Intrusive and atomic, so that a tree and its copies need no locks between their threads.
  class Ref {
   public:
    Ref() = default;
    explicit Ref(Node* node) : node_(node) {}
    Ref(const Ref& other) : node_(other.node_) {
      if (node_ != nullptr) node_->references.fetch_add(1, std::memory_order_relaxed);
    }
    Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
    Ref& operator=(Ref other) noexcept {
      std::swap(node_, other.node_);
      return *this;
    }
    // Recursion is as deep as the tree: logarithmic.
    ~Ref() {
      if (node_ != nullptr && node_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        delete node_;
      }
    }

    explicit operator bool() const { return node_ != nullptr; }
    const Node* get() const { return node_; }
    const Node* operator->() const { return node_; }

    // The node, to be written: replaced by a copy first if anybody else refers to it. One reference
    // means that it is ours, since nobody can gain one but through ours; acquire, so that what the
    // previous co-owner read was read before we write.
    Node& Own() {
      if (node_->references.load(std::memory_order_acquire) != 1) {
        *this = Ref(new Node(node_->value, node_->priority, node_->left, node_->right));
      }
      return *node_;
    }

   private:
    Node* node_ = nullptr;
  };

  struct Node {
    Node(T v, uint64_t p, Ref l, Ref r)
        : priority(p), left(std::move(l)), right(std::move(r)), value(std::move(v)) {}
    std::atomic<uint32_t> references = 1;
    uint64_t priority;  // Not below either child's.
    Ref left;
    Ref right;
    T value;
  };

 public:
  // A place in the set. Valid until the set it came from changes or goes.
  class Cursor {
   public:
    [[nodiscard]] bool AtEnd() const { return path_.empty(); }
    const T& operator*() const { return path_.back()->value; }
    const T* operator->() const { return &path_.back()->value; }

    void Next() {
      const Node* node = path_.back()->right.get();
      path_.pop_back();
      for (; node != nullptr; node = node->left.get()) path_.push_back(node);
    }

    // Moves to the first element that is not less than `probe`.
    template <class Probe>
    void Seek(const Probe& probe) {
      path_.clear();
      for (const Node* node = root_; node != nullptr;) {
        if (Less()(node->value, probe)) {
          node = node->right.get();
        } else {
          path_.push_back(node);
          node = node->left.get();
        }
      }
    }

   private:
    friend class PersistentSet;
    explicit Cursor(const Node* root) : root_(root) {}
    const Node* root_;
    std::vector<const Node*> path_;  // The element, below those ancestors that come after it.
  };

  [[nodiscard]] size_t size() const { return size_; }

  [[nodiscard]] Cursor Begin() const {
    Cursor cursor(root_.get());
    for (const Node* node = root_.get(); node != nullptr; node = node->left.get()) {
      cursor.path_.push_back(node);
    }
    return cursor;
  }

  // The first element that is not less than `probe`.
  template <class Probe>
  [[nodiscard]] Cursor LowerBound(const Probe& probe) const {
    Cursor cursor(root_.get());
    cursor.Seek(probe);
    return cursor;
  }

  // As LowerBound, without the means to go on from there; nullptr at the end.
  template <class Probe>
  [[nodiscard]] const T* Find(const Probe& probe) const {
    const T* found = nullptr;
    for (const Node* node = root_.get(); node != nullptr;) {
      if (Less()(node->value, probe)) {
        node = node->right.get();
      } else {
        found = &node->value;
        node = node->left.get();
      }
    }
    return found;
  }

  // `value` must not be there yet.
  void Insert(T value) {
    InsertBelow(root_, Ref(new Node(std::move(value), priorities_.Next(), Ref(), Ref())));
    ++size_;
  }

  // Removes the element that is equivalent to `probe`, which must be there.
  template <class Probe>
  void Erase(const Probe& probe) {
    Ref* place = &root_;
    for (;;) {
      Node& node = place->Own();
      if (Less()(node.value, probe)) {
        place = &node.right;
      } else if (Less()(probe, node.value)) {
        place = &node.left;
      } else {
        Ref merged = Merge(std::move(node.left), std::move(node.right));
        *place = std::move(merged);
        break;
      }
    }
    --size_;
  }

 private:
  static void InsertBelow(Ref& place, Ref fresh) {
    if (!place) {
      place = std::move(fresh);
      return;
    }
    Node& node = place.Own();
    const bool is_left = Less()(fresh->value, node.value);
    Ref& child = is_left ? node.left : node.right;
    InsertBelow(child, std::move(fresh));
    if (child->priority <= node.priority) return;
    // Rotate the child, which is ours by now, above its parent.
    Ref top = std::move(child);
    Node& top_node = top.Own();
    Ref& inner = is_left ? top_node.right : top_node.left;
    child = std::move(inner);
    inner = std::move(place);
    place = std::move(top);
  }

  // All of `low` comes before all of `high`.
  static Ref Merge(Ref low, Ref high) {
    if (!low) return high;
    if (!high) return low;
    if (low->priority > high->priority) {
      Node& node = low.Own();
      node.right = Merge(std::move(node.right), std::move(high));
      return low;
    }
    Node& node = high.Own();
    node.left = Merge(std::move(low), std::move(node.left));
    return high;
  }

  Ref root_;
  size_t size_ = 0;
  // A fixed seed will do: the shape of the tree is nobody's business, and the priorities do not
  // depend on the elements, so no choice of keys unbalances it.
  synod::Rng priorities_{1};
};

}  // namespace synod_kv

#endif  // SYNOD_KV_PERSISTENT_SET_H_
