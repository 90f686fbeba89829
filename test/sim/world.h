// A broker under random operations, and the model that says what it must hold.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "runnel/runnel.h"
#include "runnel/testing/manual_clock.h"
#include "runnel/testing/manual_executor.h"
#include "runnel/testing/sim_file_system.h"
#include "sim/model.h"

namespace runnel::sim {

// Thread safety: confined to one thread. Everything is drawn from one seed.
class World {
 public:
  explicit World(uint64_t seed);
  ~World();

  // Does one random thing to the broker and the model. Returns what is wrong, or "".
  std::string Step();
  // Compares all of the broker with the model. Returns what is wrong, or "".
  std::string CheckAll();
  // Makes the model forget the newest record of some partition: a planted mistake.
  bool ForgetOne();
  const std::string& last_operation() const { return last_operation_; }

 private:
  enum class Ending { kClose, kKill, kPowerLoss };
  struct Member {
    std::string group;
    std::unique_ptr<Consumer> consumer;
    std::map<TopicPartition, int64_t> last;  // newest offset seen since the last assignment
    std::unique_ptr<RebalanceListener> listener;
  };

  int64_t Draw(int64_t bound) { return random_->Below(bound); }
  std::string Open();
  std::string CreateTopic();
  std::string DeleteTopic();
  std::string GrowTopic();
  std::string Produce();
  std::string ProduceMany();
  std::string ReadSome();
  std::string DeleteRecords();
  std::string FindByTime();
  std::string AddMember();
  std::string PollMember();
  std::string CommitMember();
  std::string DropMember();
  std::string SetOffsets();
  std::string LetTimePass();
  std::string Reopen(Ending ending);

  ModelRecord RandomRecord(const ModelTopic& topic);
  std::string Compare(const TopicPartition& partition, const RecordView& record);
  std::string CheckPartition(const TopicPartition& partition, ModelTopic& topic);
  std::string CheckCompacted(const TopicPartition& partition, const ModelPartition& model,
                             const std::vector<int64_t>& seen);
  std::string CheckCommitted();
  std::string AfterCrash(Ending ending);
  std::pair<const std::string, ModelTopic>* RandomTopic();

  testing::ManualClock clock_;
  testing::ManualExecutor executor_{clock_};
  testing::SimFileSystem files_{clock_};
  std::unique_ptr<Random> random_;
  Model model_;
  std::unique_ptr<Broker> broker_;
  std::unique_ptr<Producer> producer_;
  std::unique_ptr<Admin> admin_;
  std::vector<std::unique_ptr<Member>> members_;
  int64_t made_ = 0;  // topics so far, for names
  std::string last_operation_;
};

}  // namespace runnel::sim
