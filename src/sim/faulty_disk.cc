#include "src/sim/faulty_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace synod::sim {
namespace {

constexpr uint64_t kSectorBytes = 512;

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status NotFound(const std::string& path) { return absl::NotFoundError(path + " is missing"); }

}  // namespace

class FaultyDisk::OpenFile final : public DiskFile {
 public:
  OpenFile(FaultyDisk& disk, std::shared_ptr<Node> node) : disk_(disk), node_(std::move(node)) {}

  absl::Status Append(std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.WriteAt(*node_, node_->bytes.size(), bytes);
  }
  absl::Status WriteAt(uint64_t offset, std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.WriteAt(*node_, offset, bytes);
  }
  absl::Status Resize(uint64_t size) override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.Resize(*node_, size);
  }
  absl::Status Sync() override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.Sync(*node_);
  }
  absl::StatusOr<size_t> ReadAt(uint64_t offset, std::span<char> out) const override {
    const std::lock_guard lock(disk_.mutex_);
    if (offset >= node_->bytes.size()) return 0;
    const size_t count = std::min<size_t>(out.size(), node_->bytes.size() - offset);
    std::memcpy(out.data(), node_->bytes.data() + offset, count);
    return count;
  }
  absl::StatusOr<uint64_t> Size() const override {
    const std::lock_guard lock(disk_.mutex_);
    return node_->bytes.size();
  }

 private:
  FaultyDisk& disk_;
  const std::shared_ptr<Node> node_;
};

class FaultyDisk::HeldLock final : public FileLock {
 public:
  HeldLock(FaultyDisk& disk, std::string path) : disk_(disk), path_(std::move(path)) {}
  ~HeldLock() override {
    const std::lock_guard lock(disk_.mutex_);
    disk_.locked_.erase(path_);
  }

 private:
  FaultyDisk& disk_;
  const std::string path_;
};

FaultyDisk::FaultyDisk(Order order) : order_(order) {
  now_["/"] = durable_["/"] = std::make_shared<Node>(Node{.is_directory = true});
}

void FaultyDisk::CutPowerAt(uint64_t operation) {
  const std::lock_guard lock(mutex_);
  cut_at_ = operation;
}

bool FaultyDisk::PowerIsOff() const {
  const std::lock_guard lock(mutex_);
  return operations_ >= cut_at_;
}

uint64_t FaultyDisk::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void FaultyDisk::Restart(Lost lost, uint64_t seed) {
  const std::lock_guard lock(mutex_);
  Rng rng(seed);
  if (lost == Lost::kSectors) LoseNames(rng);
  if (lost != Lost::kNothing) {
    // Nothing is below a directory that is not there.
    std::erase_if(durable_, [this](const auto& name) {
      return name.first != "/" && !durable_.contains(DirectoryOf(name.first));
    });
    for (const auto& [path, node] : durable_) {
      LoseUnsynced(*node, lost == Lost::kSectors ? &rng : nullptr);
    }
    now_ = durable_;
    changes_.clear();
  }
  locked_.clear();
  operations_ = 0;
  cut_at_ = std::numeric_limits<uint64_t>::max();
  syncs_until_failure_ = changes_until_failure_ = 0;
  file_syncs_lie_ = directory_syncs_lie_ = false;
}

std::unique_ptr<FaultyDisk> FaultyDisk::AfterPowerCut() const {
  auto other = std::make_unique<FaultyDisk>(order_);
  const std::lock_guard lock(mutex_);
  for (const auto& [path, node] : durable_) {
    auto copy = std::make_shared<Node>(*node);
    LoseUnsynced(*copy, nullptr);
    other->durable_.emplace(path, std::move(copy));
  }
  other->now_ = other->durable_;
  return other;
}

void FaultyDisk::LoseNames(Rng& rng) {
  if (order_ == Order::kNone) {
    std::map<std::string, NameChange> last;
    for (const NameChange& change : changes_) last.insert_or_assign(change.path, change);
    for (const auto& [path, change] : last) {
      if (rng.Chance(1, 2)) Apply(change, durable_);
    }
    return;
  }
  std::map<std::string, uint64_t> arrived;  // Of each directory.
  for (const NameChange& change : changes_) ++arrived[DirectoryOf(change.path)];
  for (auto& [directory, count] : arrived) count = rng.Below(count + 1);
  for (const NameChange& change : changes_) {
    uint64_t& left = arrived[DirectoryOf(change.path)];
    if (left == 0) continue;
    Apply(change, durable_);
    --left;
  }
}

void FaultyDisk::LoseUnsynced(Node& node, Rng* rng) const {
  const uint64_t now = node.bytes.size();
  uint64_t size = node.synced_size;
  uint64_t grown_from = node.synced_size;
  const bool was_cut = node.smallest_size < node.synced_size;
  if (rng != nullptr && !(was_cut && rng->Chance(1, 2))) {
    grown_from = node.smallest_size;
    size = grown_from + rng->Below(now - grown_from + 1);
  }
  node.bytes.resize(size);
  for (const auto& [sector, old] : node.before) {
    const uint64_t start = sector * kSectorBytes;
    if (start >= size) break;
    const uint64_t end = std::min(size, start + kSectorBytes);
    const bool must_arrive = order_ == Order::kJournal && end > grown_from;
    const bool arrived = rng != nullptr && (must_arrive || rng->Chance(2, 3));
    // What a cut that is undone had cut off is as it was in any case.
    Revert(node, sector, old, arrived ? std::max(start, now) : start);
  }
  for (const auto& [sector, old] : node.failed) Revert(node, sector, old, sector * kSectorBytes);
  node.failed.clear();
  // Of what came after it there may be too little to tell that it was there.
  std::set<uint64_t> latest = std::move(node.latest);
  SetSynced(node);
  node.latest.merge(latest);
}

void FaultyDisk::Revert(Node& node, uint64_t sector, const std::string& old, uint64_t at) {
  const uint64_t start = sector * kSectorBytes;
  for (; at < std::min<uint64_t>(node.bytes.size(), start + kSectorBytes); ++at) {
    node.bytes[at] = at - start < old.size() ? old[at - start] : '\0';
  }
}

void FaultyDisk::SetSynced(Node& node) {
  // To cut a file is not to write.
  const bool is_cut = node.bytes.size() < node.synced_size;
  if (!node.before.empty() && !is_cut) node.latest.clear();
  for (const auto& [sector, old] : node.before) node.latest.insert(sector);
  node.before.clear();
  node.synced_size = node.smallest_size = node.bytes.size();
}

void FaultyDisk::FailSync(uint64_t count) {
  const std::lock_guard lock(mutex_);
  syncs_until_failure_ = count;
}

void FaultyDisk::FailChange(uint64_t count) {
  const std::lock_guard lock(mutex_);
  changes_until_failure_ = count;
}

uint64_t FaultyDisk::failed_syncs() const {
  const std::lock_guard lock(mutex_);
  return failed_syncs_;
}

uint64_t FaultyDisk::failed_changes() const {
  const std::lock_guard lock(mutex_);
  return failed_changes_;
}

void FaultyDisk::SetSyncsLie(bool files, bool directories) {
  const std::lock_guard lock(mutex_);
  file_syncs_lie_ = files;
  directory_syncs_lie_ = directories;
}

void FaultyDisk::SetCapacity(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

bool FaultyDisk::IsLimited() const {
  const std::lock_guard lock(mutex_);
  return capacity_ != kUnlimited;
}

uint64_t FaultyDisk::times_full() const {
  const std::lock_guard lock(mutex_);
  return times_full_;
}

uint64_t FaultyDisk::UsedBytes() const {
  const std::lock_guard lock(mutex_);
  return Used();
}

std::vector<std::string> FaultyDisk::FilesBelow(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> files;
  for (const auto& [path, node] : now_) {
    if (!node->is_directory && path.starts_with(directory + "/")) files.push_back(path);
  }
  return files;
}

std::string FaultyDisk::Contents(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  return node == nullptr ? "" : node->bytes;
}

uint64_t FaultyDisk::SizeOf(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  return node == nullptr ? 0 : node->bytes.size();
}

void FaultyDisk::SetContents(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  const auto node = std::make_shared<Node>();
  node->bytes = std::move(bytes);
  SetSynced(*node);
  std::erase_if(changes_, [&path](const NameChange& change) { return change.path == path; });
  now_[path] = durable_[path] = node;
}

void FaultyDisk::FlipBit(const std::string& path, uint64_t offset, unsigned bit) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr || offset >= node->bytes.size()) return;
  const auto flip = [bit](char& byte) { byte = static_cast<char>(byte ^ (1 << bit)); };
  flip(node->bytes[offset]);
  const auto before = node->before.find(offset / kSectorBytes);
  const uint64_t in_sector = offset % kSectorBytes;
  if (before != node->before.end() && in_sector < before->second.size()) {
    flip(before->second[in_sector]);
  }
}

void FaultyDisk::Overwrite(const std::string& path, uint64_t offset, std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr) return;
  for (; !bytes.empty() && offset < node->bytes.size(); ++offset, bytes.remove_prefix(1)) {
    node->bytes[offset] = bytes.front();
    const auto before = node->before.find(offset / kSectorBytes);
    const uint64_t in_sector = offset % kSectorBytes;
    if (before != node->before.end() && in_sector < before->second.size()) {
      before->second[in_sector] = bytes.front();
    }
  }
}

std::vector<uint64_t> FaultyDisk::SettledSectors(const Node& node) {
  std::vector<uint64_t> sectors;
  const uint64_t end = std::min<uint64_t>(node.synced_size, node.bytes.size()) / kSectorBytes;
  for (uint64_t sector = 0; sector < end; ++sector) {
    const bool changes = node.before.contains(sector) || node.failed.contains(sector) ||
                         node.latest.contains(sector);
    if (!changes) sectors.push_back(sector);
  }
  return sectors;
}

std::span<char> FaultyDisk::SettledSector(Node& node, uint64_t where) {
  const std::vector<uint64_t> sectors = SettledSectors(node);
  if (sectors.empty()) return {};
  return std::span(node.bytes)
      .subspan(sectors[where % sectors.size()] * kSectorBytes, kSectorBytes);
}

bool FaultyDisk::LoseWrite(const std::string& path, uint64_t where) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr) return false;
  const std::span<char> lost = SettledSector(*node, where);
  if (std::all_of(lost.begin(), lost.end(), [](char byte) { return byte == '\0'; })) return false;
  std::fill(lost.begin(), lost.end(), '\0');
  return true;
}

bool FaultyDisk::MisdirectWrite(const std::string& path, const std::string& to, uint64_t where) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  const auto other = Find(to);
  if (node == nullptr || other == nullptr) return false;
  const std::span<char> meant = SettledSector(*node, where);
  const std::span<char> hit = SettledSector(*other, where / 1024);
  if (meant.empty() || hit.empty() || std::equal(meant.begin(), meant.end(), hit.begin())) {
    return false;
  }
  std::copy(meant.begin(), meant.end(), hit.begin());
  std::fill(meant.begin(), meant.end(), '\0');
  return true;
}

bool FaultyDisk::HasSettled(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  return node != nullptr && !SettledSectors(*node).empty();
}

void FaultyDisk::TakeImage() {
  const std::lock_guard lock(mutex_);
  // A file that is in both trees is so in the copy.
  std::map<const Node*, std::shared_ptr<Node>> copies;
  const auto copy = [&copies](const std::shared_ptr<Node>& node) {
    std::shared_ptr<Node>& its = copies[node.get()];
    if (node != nullptr && its == nullptr) its = std::make_shared<Node>(*node);
    return its;
  };
  image_ = {};
  for (const auto& [path, node] : now_) image_.now.emplace(path, copy(node));
  for (const auto& [path, node] : durable_) image_.durable.emplace(path, copy(node));
  for (const auto& [path, node] : changes_) image_.changes.push_back({path, copy(node)});
}

void FaultyDisk::RestoreImage() {
  const std::lock_guard lock(mutex_);
  now_ = std::exchange(image_.now, {});
  durable_ = std::exchange(image_.durable, {});
  changes_ = std::exchange(image_.changes, {});
}

void FaultyDisk::CutTo(const std::string& path, uint64_t size) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr || size > node->bytes.size()) return;
  node->bytes.resize(size);
  CutDurably(*node, size);
}

void FaultyDisk::Delete(const std::string& path) {
  const std::lock_guard lock(mutex_);
  std::erase_if(changes_, [&path](const NameChange& change) { return change.path == path; });
  now_.erase(path);
  durable_.erase(path);
}

absl::Status FaultyDisk::Operate() {
  if (++operations_ >= cut_at_) return absl::InternalError("the power is off");
  return CountDown(changes_until_failure_, failed_changes_);
}

absl::Status FaultyDisk::CountDown(uint64_t& until_failure, uint64_t& failures) {
  if (until_failure == 0 || --until_failure > 0) return absl::OkStatus();
  ++failures;
  return absl::InternalError("the disk failed");
}

std::shared_ptr<FaultyDisk::Node> FaultyDisk::Find(const std::string& path) const {
  const auto found = now_.find(path);
  return found == now_.end() ? nullptr : found->second;
}

uint64_t FaultyDisk::Used() const {
  uint64_t used = 0;
  for (const auto& [path, node] : now_) used += node->bytes.size();
  return used;
}

uint64_t FaultyDisk::Room() const {
  if (capacity_ == kUnlimited) return kUnlimited;  // Nobody need count.
  return capacity_ - std::min(capacity_, Used());
}

void FaultyDisk::RememberSectors(Node& node, uint64_t first, uint64_t last) {
  for (uint64_t sector = first / kSectorBytes; sector * kSectorBytes < last; ++sector) {
    const auto [before, is_new] = node.before.try_emplace(sector);
    if (!is_new) continue;
    const uint64_t start = sector * kSectorBytes;
    if (const auto failed = node.failed.extract(sector)) {
      before->second = failed.mapped();
      continue;
    }
    if (start >= node.synced_size) continue;
    before->second.assign(node.bytes, start, std::min(kSectorBytes, node.synced_size - start));
  }
}

absl::Status FaultyDisk::WriteAt(Node& node, uint64_t offset, std::string_view bytes) {
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  uint64_t end = offset + bytes.size();
  const uint64_t size = node.bytes.size();
  bool is_full = false;
  if (end > size) {
    const uint64_t room = Room();
    is_full = end - size > room;
    // As much as there is room for is written, as by the system's own call.
    if (is_full) end = std::max(size + room, std::min(offset, size));
    bytes = bytes.substr(0, end - std::min(offset, end));
    if (end > size) {
      RememberSectors(node, size, offset);
      node.bytes.resize(end);
    }
  }
  if (!bytes.empty()) {
    RememberSectors(node, offset, end);
    bytes.copy(node.bytes.data() + offset, bytes.size());
  }
  absl::Status status = Operate();
  if (status.ok() && is_full) {
    ++times_full_;
    return absl::ResourceExhaustedError("the disk is full");
  }
  return status;
}

absl::Status FaultyDisk::Resize(Node& node, uint64_t size) {
  if (size > node.bytes.size()) return WriteAt(node, size, "");
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  RememberSectors(node, size, node.bytes.size());
  node.bytes.resize(size);
  node.smallest_size = std::min(node.smallest_size, size);
  return Operate();
}

absl::Status FaultyDisk::Sync(Node& node) {
  absl::Status status = Operate();
  if (operations_ >= cut_at_) return status;
  if (status.ok()) status = CountDown(syncs_until_failure_, failed_syncs_);
  if (!status.ok()) {
    node.failed.merge(node.before);
    node.before.clear();
    return status;
  }
  if (!file_syncs_lie_) SetSynced(node);
  return absl::OkStatus();
}

void FaultyDisk::CutDurably(Node& node, uint64_t size) {
  node.synced_size = std::min(node.synced_size, size);
  node.smallest_size = std::min(node.smallest_size, size);
  for (auto& [sector, old] : node.before) {
    const uint64_t start = std::min(size, sector * kSectorBytes);
    old.resize(std::min<uint64_t>(old.size(), size - start));
  }
}

void FaultyDisk::ChangeName(const std::string& path, std::shared_ptr<Node> node) {
  changes_.push_back({.path = path, .node = std::move(node)});
  Apply(changes_.back(), now_);
}

void FaultyDisk::Apply(const NameChange& change, Tree& tree) {
  if (change.node == nullptr) {
    tree.erase(change.path);
  } else {
    tree[change.path] = change.node;
  }
}

absl::StatusOr<std::unique_ptr<File>> FaultyDisk::Create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (Find(path) != nullptr) return absl::AlreadyExistsError(path + " is there");
  if (Find(DirectoryOf(path)) == nullptr) return NotFound(DirectoryOf(path));
  const auto node = std::make_shared<Node>();
  ChangeName(path, node);
  absl::Status status = Operate();
  if (!status.ok()) return status;
  return std::make_unique<OpenFile>(*this, node);
}

absl::StatusOr<std::unique_ptr<File>> FaultyDisk::Open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr || node->is_directory) return NotFound(path);
  return std::make_unique<OpenFile>(*this, node);
}

absl::StatusOr<std::unique_ptr<DiskFile>> FaultyDisk::OpenToChange(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr || node->is_directory) return NotFound(path);
  return std::make_unique<OpenFile>(*this, node);
}

absl::Status FaultyDisk::Truncate(const std::string& path, uint64_t size) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr) return NotFound(path);
  size = std::min<uint64_t>(node->bytes.size(), size);
  absl::Status status = Resize(*node, size);
  if (status.ok()) CutDurably(*node, size);
  return status;
}

absl::Status FaultyDisk::Rewrite(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr) return NotFound(path);
  // Others are on the disk already, as they are. The last write is still that if all that came
  // after it has been cut.
  std::set<uint64_t> changed = node->latest;
  for (const auto* sectors : {&node->before, &node->failed}) {
    for (const auto& [sector, old] : *sectors) changed.insert(sector);
  }
  absl::Status status = WriteAt(*node, 0, std::string(node->bytes));
  if (status.ok()) status = Sync(*node);
  if (status.ok()) node->latest = std::move(changed);
  return status;
}

absl::StatusOr<std::vector<std::string>> FaultyDisk::List(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(directory);
  if (node == nullptr) return NotFound(directory);
  if (!node->is_directory) return absl::FailedPreconditionError(directory + " is a file");
  std::vector<std::string> names;
  for (const auto& [path, child] : now_) {
    if (path != "/" && DirectoryOf(path) == directory) {
      names.push_back(path.substr(path.rfind('/') + 1));
    }
  }
  return names;
}

absl::Status FaultyDisk::CreateDirectory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (Find(path) != nullptr) return absl::AlreadyExistsError(path + " is there");
  if (Find(DirectoryOf(path)) == nullptr) return NotFound(DirectoryOf(path));
  ChangeName(path, std::make_shared<Node>(Node{.is_directory = true}));
  return Operate();
}

absl::Status FaultyDisk::SyncDirectory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Find(path) == nullptr) return NotFound(path);
  absl::Status status = Operate();
  if (!status.ok()) return status;
  if (directory_syncs_lie_) return absl::OkStatus();
  const auto is_in_it = [&path](const NameChange& change) {
    return DirectoryOf(change.path) == path;
  };
  for (const NameChange& change : changes_) {
    if (is_in_it(change)) Apply(change, durable_);
  }
  std::erase_if(changes_, is_in_it);
  return absl::OkStatus();
}

absl::Status FaultyDisk::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  const auto node = Find(from);
  if (node == nullptr) return NotFound(from);
  ChangeName(to, node);
  ChangeName(from, nullptr);
  return Operate();
}

absl::Status FaultyDisk::Remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (Find(path) == nullptr) return NotFound(path);
  ChangeName(path, nullptr);
  return Operate();
}

absl::StatusOr<std::unique_ptr<FileLock>> FaultyDisk::Lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (Find(DirectoryOf(path)) == nullptr) return NotFound(DirectoryOf(path));
  if (!locked_.insert(path).second) return absl::FailedPreconditionError(path + " is locked");
  auto held = std::make_unique<HeldLock>(*this, path);
  if (Find(path) == nullptr) ChangeName(path, std::make_shared<Node>());
  return held;
}

absl::StatusOr<uint64_t> FaultyDisk::FreeBytes(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Find(path) == nullptr) return NotFound(path);
  return Room();
}

}  // namespace synod::sim
