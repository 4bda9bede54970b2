#include "tests/support/faulty_file_system.h"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include "rocksdb/system_clock.h"

namespace synod::test {
namespace {

using ::rocksdb::IOStatus;
using ::rocksdb::Slice;

std::string Normalize(const std::string& path) {
  std::string result;
  for (const char c : path) {
    if (c != '/' || !result.ends_with('/')) result.push_back(c);
  }
  if (result.size() > 1 && result.ends_with('/')) result.pop_back();
  return result;
}

std::string ParentOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == 0 || slash == std::string::npos ? "/" : path.substr(0, slash);
}

IOStatus NoSuchFile(const std::string& path) {
  return IOStatus::PathNotFound("no such file or directory", path);
}

class HeldLock final : public ::rocksdb::FileLock {
 public:
  explicit HeldLock(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  const std::string path_;
};

class SilentLogger final : public ::rocksdb::Logger {
 public:
  using ::rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

// RocksDB waits for a second after each background error, in case the disk comes to its senses.
class RestlessClock final : public ::rocksdb::SystemClockWrapper {
 public:
  using SystemClockWrapper::SystemClockWrapper;
  const char* Name() const override { return "RestlessClock"; }
  void SleepForMicroseconds(int) override {}
};

class FaultyEnv final : public ::rocksdb::EnvWrapper {
 public:
  explicit FaultyEnv(std::shared_ptr<FaultyFileSystem> files)
      : EnvWrapper(::rocksdb::NewCompositeEnv(files)) {
    file_system_ = std::move(files);
    system_clock_ = std::make_shared<RestlessClock>(::rocksdb::SystemClock::Default());
  }
  const char* Name() const override { return "FaultyEnv"; }
};

}  // namespace

class FaultyFileSystem::ReadableFile final : public ::rocksdb::FSSequentialFile,
                                             public ::rocksdb::FSRandomAccessFile {
 public:
  ReadableFile(FaultyFileSystem& files, std::shared_ptr<Node> node)
      : files_(files), node_(std::move(node)) {}

  IOStatus Read(size_t n, const IOOptions& options, Slice* result, char* scratch,
                Context* context) override {
    const IOStatus status = Read(position_, n, options, result, scratch, context);
    if (status.ok()) position_ += result->size();
    return status;
  }
  IOStatus Skip(uint64_t n) override {
    position_ += n;
    return IOStatus::OK();
  }
  IOStatus Read(uint64_t offset, size_t n, const IOOptions&, Slice* result, char* scratch,
                Context*) const override {
    const std::lock_guard lock(files_.mutex_);
    const uint64_t size = node_->bytes.size();
    const auto count = static_cast<size_t>(std::min<uint64_t>(n, size - std::min(size, offset)));
    if (count > 0) std::memcpy(scratch, node_->bytes.data() + offset, count);
    *result = Slice(scratch, count);
    return IOStatus::OK();
  }
  IOStatus InvalidateCache(size_t, size_t) override { return IOStatus::OK(); }
  bool use_direct_io() const override { return false; }
  size_t GetRequiredBufferAlignment() const override { return 1; }
  ::rocksdb::Temperature GetTemperature() const override {
    return ::rocksdb::Temperature::kUnknown;
  }

 private:
  FaultyFileSystem& files_;
  const std::shared_ptr<Node> node_;
  uint64_t position_ = 0;
};

class FaultyFileSystem::WritableFile final : public ::rocksdb::FSWritableFile {
 public:
  WritableFile(FaultyFileSystem& files, std::shared_ptr<Node> node)
      : files_(files), node_(std::move(node)) {}

  using FSWritableFile::Append;
  IOStatus Append(const Slice& bytes, const IOOptions&, Context*) override {
    const std::lock_guard lock(files_.mutex_);
    return files_.Append(*node_, bytes);
  }
  IOStatus Truncate(uint64_t size, const IOOptions&, Context*) override {
    const std::lock_guard lock(files_.mutex_);
    if (size < node_->bytes.size()) node_->bytes.resize(size);
    node_->synced = std::min(node_->synced, node_->bytes.size());
    return IOStatus::OK();
  }
  IOStatus Close(const IOOptions&, Context*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, Context*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, Context*) override {
    const std::lock_guard lock(files_.mutex_);
    return files_.Sync(*node_);
  }
  bool IsSyncThreadSafe() const override { return true; }
  uint64_t GetFileSize(const IOOptions&, Context*) override {
    const std::lock_guard lock(files_.mutex_);
    return node_->bytes.size();
  }

 private:
  FaultyFileSystem& files_;
  const std::shared_ptr<Node> node_;
};

class FaultyFileSystem::Handle final : public ::rocksdb::FSDirectory {
 public:
  Handle(FaultyFileSystem& files, std::string path) : files_(files), path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, Context*) override {
    const std::lock_guard lock(files_.mutex_);
    return files_.SyncEntries(path_);
  }
  IOStatus Close(const IOOptions&, Context*) override { return IOStatus::OK(); }

 private:
  FaultyFileSystem& files_;
  const std::string path_;
};

FaultyFileSystem::FaultyFileSystem() {
  const auto root = std::make_shared<Node>();
  root->is_directory = true;
  now_["/"] = durable_["/"] = root;
}

void FaultyFileSystem::CutPowerAt(uint64_t operation) {
  const std::lock_guard lock(mutex_);
  cut_at_ = operation;
}

bool FaultyFileSystem::PowerIsOff() const {
  const std::lock_guard lock(mutex_);
  return operations_ >= cut_at_;
}

uint64_t FaultyFileSystem::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

void FaultyFileSystem::Restart(Unsynced unsynced, uint64_t seed) {
  const std::lock_guard lock(mutex_);
  Rng rng(seed);
  std::set<std::string> directories;
  for (const auto& [path, node] : now_) {
    if (node->is_directory) directories.insert(path);
  }
  for (const std::string& directory : directories) {
    const bool arrived =
        unsynced == Unsynced::kKept || (unsynced == Unsynced::kTorn && rng.Chance(1, 2));
    if (arrived) CopyEntries(directory);
  }
  // A directory that is not there takes along what was in it. Parents sort before their children.
  for (auto entry = durable_.begin(); entry != durable_.end();) {
    const bool has_parent = entry->first == "/" || durable_.contains(ParentOf(entry->first));
    entry = has_parent ? std::next(entry) : durable_.erase(entry);
  }
  used_ = 0;
  for (const auto& [path, node] : durable_) {
    const size_t pending = node->bytes.size() - node->synced;
    size_t arrived = 0;
    if (!node->lost_a_write && unsynced == Unsynced::kKept) arrived = pending;
    if (!node->lost_a_write && unsynced == Unsynced::kTorn) arrived = rng.Below(pending + 1);
    node->bytes.resize(node->synced + arrived);
    node->synced = node->bytes.size();
    node->lost_a_write = false;
    used_ += node->bytes.size();
  }
  now_ = durable_;
  locked_.clear();
  cut_at_ = std::numeric_limits<uint64_t>::max();
  operations_ = 0;
  syncs_until_failure_ = 0;
  syncs_lie_ = false;
}

void FaultyFileSystem::FailSync(uint64_t count) {
  const std::lock_guard lock(mutex_);
  syncs_until_failure_ = count;
}

void FaultyFileSystem::SetSyncsLie(bool lie) {
  const std::lock_guard lock(mutex_);
  syncs_lie_ = lie;
}

void FaultyFileSystem::SetCapacity(uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  capacity_ = bytes;
}

std::vector<std::string> FaultyFileSystem::FilesBelow(const std::string& directory) const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> files;
  for (const auto& [path, node] : now_) {
    if (!node->is_directory && path.starts_with(directory + "/")) files.push_back(path);
  }
  return files;
}

uint64_t FaultyFileSystem::SizeOf(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = Find(path);
  return node == nullptr ? 0 : node->bytes.size();
}

void FaultyFileSystem::FlipBit(const std::string& path, uint64_t offset) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = Find(path);
  if (node != nullptr && offset < node->bytes.size()) node->bytes[offset] ^= 1;
}

void FaultyFileSystem::CutTo(const std::string& path, uint64_t size) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = Find(path);
  if (node == nullptr || size > node->bytes.size()) return;
  node->bytes.resize(size);
  node->synced = std::min(node->synced, node->bytes.size());
}

IOStatus FaultyFileSystem::Operate() {
  ++operations_;
  return operations_ >= cut_at_ ? IOStatus::IOError("the power is off") : IOStatus::OK();
}

std::shared_ptr<FaultyFileSystem::Node> FaultyFileSystem::Find(const std::string& path) const {
  const auto found = now_.find(Normalize(path));
  return found == now_.end() ? nullptr : found->second;
}

IOStatus FaultyFileSystem::Create(const std::string& raw_path, bool is_directory,
                                  std::shared_ptr<Node>* node) {
  const std::string path = Normalize(raw_path);
  if (!now_.contains(ParentOf(path))) return NoSuchFile(ParentOf(path));
  const bool was_off = operations_ >= cut_at_;
  const IOStatus status = Operate();
  if (was_off) return status;
  const auto created = std::make_shared<Node>();
  created->is_directory = is_directory;
  now_[path] = created;
  if (node != nullptr) *node = created;
  return status;
}

IOStatus FaultyFileSystem::Append(Node& node, const Slice& bytes) {
  const bool was_off = operations_ >= cut_at_;
  const IOStatus status = Operate();
  if (was_off) return status;
  if (used_ + bytes.size() > capacity_) return IOStatus::NoSpace("no space left on the disk");
  used_ += bytes.size();
  node.bytes.append(bytes.data(), bytes.size());
  return status;
}

IOStatus FaultyFileSystem::Sync(Node& node) {
  const IOStatus status = Operate();
  if (!status.ok() || syncs_lie_) return status;
  if (syncs_until_failure_ > 0 && --syncs_until_failure_ == 0) {
    node.lost_a_write = true;
    return IOStatus::IOError("input/output error");
  }
  if (!node.lost_a_write) node.synced = node.bytes.size();
  return status;
}

IOStatus FaultyFileSystem::SyncEntries(const std::string& directory) {
  const IOStatus status = Operate();
  if (status.ok() && !syncs_lie_) CopyEntries(directory);
  return status;
}

void FaultyFileSystem::CopyEntries(const std::string& directory) {
  const auto is_child = [&directory](const std::string& path) {
    return path != "/" && ParentOf(path) == directory;
  };
  for (auto entry = durable_.begin(); entry != durable_.end();) {
    const bool gone = is_child(entry->first) && !now_.contains(entry->first);
    entry = gone ? durable_.erase(entry) : std::next(entry);
  }
  for (const auto& [path, node] : now_) {
    if (is_child(path)) durable_[path] = node;
  }
}

IOStatus FaultyFileSystem::NewSequentialFile(const std::string& path, const FileOptions&,
                                             std::unique_ptr<::rocksdb::FSSequentialFile>* result,
                                             Context*) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) return NoSuchFile(path);
  *result = std::make_unique<ReadableFile>(*this, std::move(node));
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::NewRandomAccessFile(
    const std::string& path, const FileOptions&,
    std::unique_ptr<::rocksdb::FSRandomAccessFile>* result, Context*) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) return NoSuchFile(path);
  *result = std::make_unique<ReadableFile>(*this, std::move(node));
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::NewWritableFile(const std::string& path, const FileOptions&,
                                           std::unique_ptr<::rocksdb::FSWritableFile>* result,
                                           Context*) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Node> node;
  IOStatus status = Create(path, /*is_directory=*/false, &node);
  if (status.ok()) *result = std::make_unique<WritableFile>(*this, std::move(node));
  return status;
}

IOStatus FaultyFileSystem::NewDirectory(const std::string& path, const IOOptions&,
                                        std::unique_ptr<::rocksdb::FSDirectory>* result, Context*) {
  const std::lock_guard lock(mutex_);
  if (Find(path) == nullptr) return NoSuchFile(path);
  *result = std::make_unique<Handle>(*this, Normalize(path));
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::FileExists(const std::string& path, const IOOptions&, Context*) {
  const std::lock_guard lock(mutex_);
  return Find(path) == nullptr ? IOStatus::NotFound() : IOStatus::OK();
}

IOStatus FaultyFileSystem::GetChildren(const std::string& path, const IOOptions&,
                                       std::vector<std::string>* result, Context*) {
  const std::lock_guard lock(mutex_);
  const std::string directory = Normalize(path);
  if (Find(directory) == nullptr) return NoSuchFile(path);
  result->clear();
  for (const auto& [child, node] : now_) {
    if (child != "/" && ParentOf(child) == directory) {
      result->push_back(child.substr(child.rfind('/') + 1));
    }
  }
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::DeleteFile(const std::string& path, const IOOptions&, Context*) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) return NoSuchFile(path);
  const IOStatus status = Operate();
  if (!status.ok()) return status;
  used_ -= std::min<uint64_t>(used_, node->bytes.size());
  now_.erase(Normalize(path));
  return status;
}

IOStatus FaultyFileSystem::CreateDir(const std::string& path, const IOOptions&, Context*) {
  const std::lock_guard lock(mutex_);
  if (Find(path) != nullptr) return IOStatus::IOError("it exists already", path);
  return Create(path, /*is_directory=*/true, nullptr);
}

IOStatus FaultyFileSystem::CreateDirIfMissing(const std::string& path, const IOOptions&, Context*) {
  const std::lock_guard lock(mutex_);
  if (Find(path) != nullptr) return IOStatus::OK();
  return Create(path, /*is_directory=*/true, nullptr);
}

IOStatus FaultyFileSystem::DeleteDir(const std::string& path, const IOOptions&, Context*) {
  const std::lock_guard lock(mutex_);
  if (Find(path) == nullptr) return NoSuchFile(path);
  const IOStatus status = Operate();
  if (status.ok()) now_.erase(Normalize(path));
  return status;
}

IOStatus FaultyFileSystem::GetFileSize(const std::string& path, const IOOptions&, uint64_t* size,
                                       Context*) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) return NoSuchFile(path);
  *size = node->bytes.size();
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetFileModificationTime(const std::string& path, const IOOptions&,
                                                   uint64_t* time, Context*) {
  const std::lock_guard lock(mutex_);
  if (Find(path) == nullptr) return NoSuchFile(path);
  *time = 0;
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                      const IOOptions&, Context*) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = Find(from);
  if (node == nullptr) return NoSuchFile(from);
  const bool was_off = operations_ >= cut_at_;
  const IOStatus status = Operate();
  if (was_off) return status;
  now_.erase(Normalize(from));
  now_[Normalize(to)] = node;
  return status;
}

IOStatus FaultyFileSystem::LockFile(const std::string& raw_path, const IOOptions&,
                                    ::rocksdb::FileLock** lock, Context*) {
  const std::lock_guard guard(mutex_);
  const std::string path = Normalize(raw_path);
  if (locked_.contains(path)) return IOStatus::IOError("lock " + path, "held already");
  if (Find(path) == nullptr) {
    if (IOStatus status = Create(path, /*is_directory=*/false, nullptr); !status.ok()) {
      return status;
    }
  }
  locked_.insert(path);
  *lock = new HeldLock(path);  // RocksDB's interface passes it as a bare pointer.
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::UnlockFile(::rocksdb::FileLock* lock, const IOOptions&, Context*) {
  const std::lock_guard guard(mutex_);
  const std::unique_ptr<HeldLock> held(static_cast<HeldLock*>(lock));
  locked_.erase(held->path());
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetTestDirectory(const IOOptions&, std::string* path, Context*) {
  *path = "/test";
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::NewLogger(const std::string&, const IOOptions&,
                                     std::shared_ptr<::rocksdb::Logger>* result, Context*) {
  *result = std::make_shared<SilentLogger>();
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetAbsolutePath(const std::string& path, const IOOptions&,
                                           std::string* result, Context*) {
  *result = Normalize(path);
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::IsDirectory(const std::string& path, const IOOptions&,
                                       bool* is_directory, Context*) {
  const std::lock_guard lock(mutex_);
  const std::shared_ptr<Node> node = Find(path);
  if (node == nullptr) return NoSuchFile(path);
  *is_directory = node->is_directory;
  return IOStatus::OK();
}

IOStatus FaultyFileSystem::GetFreeSpace(const std::string&, const IOOptions&, uint64_t* free,
                                        Context*) {
  const std::lock_guard lock(mutex_);
  *free = capacity_ - std::min(used_, capacity_);
  return IOStatus::OK();
}

std::unique_ptr<::rocksdb::Env> MakeEnv(std::shared_ptr<FaultyFileSystem> files) {
  return std::make_unique<FaultyEnv>(std::move(files));
}

}  // namespace synod::test
