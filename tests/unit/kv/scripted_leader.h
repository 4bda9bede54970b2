// A server in the place of another member's, which answers what a test wants it to.
#ifndef SYNOD_TESTS_UNIT_KV_SCRIPTED_LEADER_H_
#define SYNOD_TESTS_UNIT_KV_SCRIPTED_LEADER_H_

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include "absl/synchronization/notification.h"

#include "kv/forwarding.h"
#include "tests/unit/kv/command_test_util.h"

namespace synod_kv {

class ScriptedLeader final : public grpc::CallbackGenericService {
 public:
  struct Reply {
    grpc::Status status = {};
    std::string effect = {};  // What it says of a failure; empty: nothing.
    std::string response = {};
    std::string incarnation = {};  // That it says it has; empty: it says nothing.
    bool never = false;            // Waits until the call is cancelled.
  };
  // Called with how many calls came before.
  using Script = std::function<Reply(int)>;

  ScriptedLeader() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterCallbackGenericService(this);
    AllowProbes(&builder);
    server_ = builder.BuildAndStart();
  }
  ~ScriptedLeader() override { Stop(); }

  [[nodiscard]] std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  void Play(Script script) {
    const std::lock_guard lock(mutex_);
    script_ = std::move(script);
  }
  // Breaks all connections.
  void Stop() {
    if (server_ == nullptr) return;
    server_->Shutdown(std::chrono::system_clock::now());
    server_->Wait();
    server_.reset();
  }

  [[nodiscard]] int calls() const { return calls_; }
  void AwaitCall() { called_.WaitForNotification(); }
  void AwaitCancellation() { cancelled_.WaitForNotification(); }
  // Of the newest call.
  [[nodiscard]] std::string Metadata(const std::string& key) {
    const std::lock_guard lock(mutex_);
    return metadata_[key];
  }

  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override {
    return new Reactor(*this, context);
  }

 private:
  class Reactor final : public grpc::ServerGenericBidiReactor {
   public:
    Reactor(ScriptedLeader& leader, grpc::GenericCallbackServerContext* context)
        : leader_(leader), context_(context) {
      StartRead(&request_);
    }
    void OnReadDone(bool ok) override {
      const Reply reply = ok ? leader_.OnCall(*context_) : Reply{.never = true};
      if (!reply.incarnation.empty()) {
        context_->AddInitialMetadata("synod-incarnation", reply.incarnation);
      }
      if (!reply.effect.empty()) context_->AddTrailingMetadata("synod-effect", reply.effect);
      if (!reply.never) End(reply);
      if (!leader_.called_.HasBeenNotified()) leader_.called_.Notify();
    }
    void OnCancel() override {
      if (!leader_.cancelled_.HasBeenNotified()) leader_.cancelled_.Notify();
      End({.status = grpc::Status::CANCELLED});
    }
    void OnDone() override { delete this; }

   private:
    void End(const Reply& reply) {
      if (ended_.exchange(true)) return;
      if (!reply.status.ok()) return Finish(reply.status);
      response_ = BytesOf(reply.response);
      StartWriteAndFinish(&response_, grpc::WriteOptions(), grpc::Status::OK);
    }

    ScriptedLeader& leader_;
    grpc::GenericCallbackServerContext* const context_;
    grpc::ByteBuffer request_;
    grpc::ByteBuffer response_;
    std::atomic<bool> ended_ = false;
  };

  Reply OnCall(const grpc::GenericCallbackServerContext& context) {
    const std::lock_guard lock(mutex_);
    metadata_.clear();
    for (const auto& [key, value] : context.client_metadata()) {
      metadata_[{key.data(), key.size()}] = {value.data(), value.size()};
    }
    return script_(calls_++);
  }

  int port_ = 0;
  std::mutex mutex_;
  Script script_ = [](int) { return Reply{}; };  // Under mutex_, like the metadata.
  std::map<std::string, std::string> metadata_;
  std::atomic<int> calls_ = 0;
  absl::Notification called_;
  absl::Notification cancelled_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace synod_kv

#endif  // SYNOD_TESTS_UNIT_KV_SCRIPTED_LEADER_H_
