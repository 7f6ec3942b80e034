#include "source/embedded_broker.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "core/types.h"
#include "source/broker_file.h"
#include "source/kafka_conf.h"

#include <librdkafka/rdkafka_mock.h>

namespace sluice {
namespace {

using MockCluster = KafkaHandle<rd_kafka_mock_cluster_t, rd_kafka_mock_cluster_destroy>;

}  // namespace

struct EmbeddedBroker::Impl {
  std::string state_folder;
  KafkaClient keeper;  // the cluster's bookkeeping lives in a client
  MockCluster cluster;
  BrokerAddress address;
};

EmbeddedBroker::EmbeddedBroker(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

EmbeddedBroker::~EmbeddedBroker() {
  RemoveBrokerFile(impl_->state_folder, impl_->address);
}

BrokerAddress EmbeddedBroker::address() const {
  return impl_->address;
}

Result<std::unique_ptr<EmbeddedBroker>> EmbeddedBroker::Start(const std::string& state_folder,
                                                              const std::string& topic,
                                                              int32_t partitions) {
  auto impl = std::make_unique<Impl>();
  impl->state_folder = state_folder;
  SLUICE_ASSIGN(KafkaConf conf, MakeConf({{"client.id", "sluice-broker"}}));
  SLUICE_ASSIGN(impl->keeper, MakeClient(RD_KAFKA_PRODUCER, std::move(conf)));
  impl->cluster.reset(rd_kafka_mock_cluster_new(impl->keeper.get(), 1));
  if (!impl->cluster) return Fail(ErrorKind::kFatal, "the embedded broker does not start");
  // Workers that start together join one generation.
  rd_kafka_mock_group_initial_rebalance_delay_ms(impl->cluster.get(), 100);
  // Without a controller, questions about topics wait for ever.
  rd_kafka_mock_set_controller_id(impl->cluster.get(), 1);
  const auto code = rd_kafka_mock_topic_create(impl->cluster.get(), topic.c_str(), partitions, 1);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return Fail(ErrorKind::kInvalidConfig, "the embedded broker cannot create its topic: " + topic);
  }
  impl->address = {.bootstrap = rd_kafka_mock_cluster_bootstraps(impl->cluster.get()),
                   .topic = topic,
                   .partitions = partitions,
                   .topic_uuid = Uuid::Random().value,
                   .cluster_id = "embedded",
                   .pid = getpid(),
                   .process_start = ProcessStart(getpid()).value_or(0)};
  SLUICE_TRY(RegisterBroker(state_folder, impl->address));
  return std::unique_ptr<EmbeddedBroker>(new EmbeddedBroker(std::move(impl)));
}

Result<std::optional<BrokerAddress>> FindEmbeddedBroker(const std::string& state_folder) {
  SLUICE_ASSIGN(auto address, ReadBrokerFile(state_folder));
  if (!address || !IsAlive(*address)) return std::nullopt;
  return address;
}

}  // namespace sluice
