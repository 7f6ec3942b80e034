#pragma once

#include "core/result.h"
#include "source/kafka_source.h"
#include "source/rdkafka_handles.h"

namespace sluice {

/// Returns what the consumer is made of: the settings that the commit protocol fixes
/// (commit-protocol.md, section 7), the options, and defaults. FailsWith kInvalidConfig.
Result<KafkaConf> MakeConsumerConf(const KafkaSourceOptions& options);

/// Returns the same without the group, for a connection that only asks questions: an answer must
/// not queue behind a fetch.
Result<KafkaConf> MakeQuestionConf(const KafkaSourceOptions& options);

}  // namespace sluice
