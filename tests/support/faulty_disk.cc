#include "tests/support/faulty_disk.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace synod::test {
namespace {

constexpr size_t kSectorBytes = 512;

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

absl::Status NotFound(const std::string& path) { return absl::NotFoundError(path + " is missing"); }

}  // namespace

class FaultyDisk::OpenFile final : public wal::File {
 public:
  OpenFile(FaultyDisk& disk, std::shared_ptr<Node> node) : disk_(disk), node_(std::move(node)) {}

  absl::Status Append(std::string_view bytes) override {
    const std::lock_guard lock(disk_.mutex_);
    return disk_.Append(*node_, bytes);
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

class FaultyDisk::HeldLock final : public wal::FileLock {
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

FaultyDisk::FaultyDisk() {
  now_["/"] = std::make_shared<Node>(Node{.is_directory = true, .bytes = {}, .durable = {}});
  durable_ = now_;
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
  if (lost == Lost::kSectors) {
    std::set<std::string> paths;
    for (const auto& [path, node] : now_) paths.insert(path);
    for (const auto& [path, node] : durable_) paths.insert(path);
    for (const std::string& path : paths) {
      if (path != "/" && rng.Chance(1, 2)) KeepName(path);
    }
    for (const auto& [path, node] : durable_) LoseSectors(*node, rng);
  }
  if (lost != Lost::kNothing) {
    // Nothing is below a directory that is not there.
    std::erase_if(durable_, [this](const auto& name) {
      return name.first != "/" && !durable_.contains(DirectoryOf(name.first));
    });
    for (const auto& [path, node] : durable_) {
      node->bytes = node->durable;
      node->lost_a_write = false;
    }
    now_ = durable_;
  }
  locked_.clear();
  operations_ = 0;
  cut_at_ = std::numeric_limits<uint64_t>::max();
  syncs_until_failure_ = 0;
  file_syncs_lie_ = directory_syncs_lie_ = false;
}

void FaultyDisk::LoseSectors(Node& node, Rng& rng) {
  const size_t synced = node.durable.size();
  if (node.lost_a_write || node.bytes.size() <= synced) return;
  const size_t size = synced + rng.Below(node.bytes.size() - synced + 1);
  for (size_t at = synced; at < size;) {
    const size_t end = std::min(size, (at / kSectorBytes + 1) * kSectorBytes);
    if (rng.Chance(2, 3)) {
      node.durable.append(node.bytes, at, end - at);
    } else {
      node.durable.append(end - at, '\0');
    }
    at = end;
  }
}

void FaultyDisk::FailSync(uint64_t count) {
  const std::lock_guard lock(mutex_);
  syncs_until_failure_ = count;
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

void FaultyDisk::SetContents(const std::string& path, std::string bytes) {
  const std::lock_guard lock(mutex_);
  const auto node = std::make_shared<Node>();
  node->durable = bytes;
  node->bytes = std::move(bytes);
  now_[path] = durable_[path] = node;
}

void FaultyDisk::Delete(const std::string& path) {
  const std::lock_guard lock(mutex_);
  now_.erase(path);
  durable_.erase(path);
}

absl::Status FaultyDisk::Operate() {
  if (++operations_ < cut_at_) return absl::OkStatus();
  return absl::InternalError("the power is off");
}

std::shared_ptr<FaultyDisk::Node> FaultyDisk::Find(const std::string& path) const {
  const auto found = now_.find(path);
  return found == now_.end() ? nullptr : found->second;
}

absl::Status FaultyDisk::Append(Node& node, std::string_view bytes) {
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  uint64_t used = 0;
  for (const auto& [path, other] : now_) used += other->bytes.size();
  if (bytes.size() > capacity_ - std::min(capacity_, used)) {
    return absl::ResourceExhaustedError("the disk is full");
  }
  node.bytes += bytes;
  return Operate();
}

absl::Status FaultyDisk::Sync(Node& node) {
  absl::Status status = Operate();
  if (!status.ok()) return status;
  if (syncs_until_failure_ > 0 && --syncs_until_failure_ == 0) {
    node.lost_a_write = true;
    return absl::InternalError("the disk failed");
  }
  if (!file_syncs_lie_ && !node.lost_a_write) node.durable = node.bytes;
  return absl::OkStatus();
}

std::set<std::string> FaultyDisk::NamesIn(const std::string& directory) const {
  std::set<std::string> names;
  for (const Tree* tree : {&now_, &durable_}) {
    for (const auto& [path, node] : *tree) {
      if (path != "/" && DirectoryOf(path) == directory) names.insert(path);
    }
  }
  return names;
}

void FaultyDisk::KeepName(const std::string& path) {
  const auto found = now_.find(path);
  if (found == now_.end()) {
    durable_.erase(path);
  } else {
    durable_[path] = found->second;
  }
}

absl::StatusOr<std::unique_ptr<wal::File>> FaultyDisk::Create(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (Find(path) != nullptr) return absl::AlreadyExistsError(path + " is there");
  if (Find(DirectoryOf(path)) == nullptr) return NotFound(DirectoryOf(path));
  const auto node = std::make_shared<Node>();
  now_[path] = node;
  absl::Status status = Operate();
  if (!status.ok()) return status;
  return std::make_unique<OpenFile>(*this, node);
}

absl::StatusOr<std::unique_ptr<wal::File>> FaultyDisk::Open(const std::string& path) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr || node->is_directory) return NotFound(path);
  return std::make_unique<OpenFile>(*this, node);
}

absl::Status FaultyDisk::Truncate(const std::string& path, uint64_t size) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(path);
  if (node == nullptr) return NotFound(path);
  absl::Status status = Operate();
  if (!status.ok()) return status;
  node->bytes.resize(std::min<size_t>(node->bytes.size(), size));
  node->durable.resize(std::min<size_t>(node->durable.size(), size));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> FaultyDisk::List(const std::string& directory) {
  const std::lock_guard lock(mutex_);
  const auto node = Find(directory);
  if (node == nullptr) return NotFound(directory);
  if (!node->is_directory) return absl::FailedPreconditionError(directory + " is a file");
  std::vector<std::string> names;
  for (const std::string& path : NamesIn(directory)) {
    if (now_.contains(path)) names.push_back(path.substr(path.rfind('/') + 1));
  }
  return names;
}

absl::Status FaultyDisk::CreateDirectory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (Find(path) != nullptr) return absl::AlreadyExistsError(path + " is there");
  if (Find(DirectoryOf(path)) == nullptr) return NotFound(DirectoryOf(path));
  now_[path] = std::make_shared<Node>(Node{.is_directory = true, .bytes = {}, .durable = {}});
  return Operate();
}

absl::Status FaultyDisk::SyncDirectory(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Find(path) == nullptr) return NotFound(path);
  absl::Status status = Operate();
  if (!status.ok()) return status;
  if (directory_syncs_lie_) return absl::OkStatus();
  for (const std::string& name : NamesIn(path)) KeepName(name);
  return absl::OkStatus();
}

absl::Status FaultyDisk::Rename(const std::string& from, const std::string& to) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  const auto node = Find(from);
  if (node == nullptr) return NotFound(from);
  now_.erase(from);
  now_[to] = node;
  return Operate();
}

absl::Status FaultyDisk::Remove(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (Find(path) == nullptr) return NotFound(path);
  now_.erase(path);
  return Operate();
}

absl::StatusOr<std::unique_ptr<wal::FileLock>> FaultyDisk::Lock(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (operations_ >= cut_at_) return absl::InternalError("the power is off");
  if (!locked_.insert(path).second) return absl::FailedPreconditionError(path + " is locked");
  auto held = std::make_unique<HeldLock>(*this, path);
  if (Find(path) == nullptr) now_[path] = std::make_shared<Node>();
  return held;
}

absl::StatusOr<uint64_t> FaultyDisk::FreeBytes(const std::string& path) {
  const std::lock_guard lock(mutex_);
  if (Find(path) == nullptr) return NotFound(path);
  uint64_t used = 0;
  for (const auto& [name, node] : now_) used += node->bytes.size();
  return capacity_ - std::min(capacity_, used);
}

}  // namespace synod::test
