#pragma once

#include <string>
#include <vector>

#include "config/reader.h"
#include "config/spec.h"
#include "config/yaml.h"

namespace sluice {

// One function for each section of the file. Each fills its part of the Spec as far as it can and
// reports the rest.

void ReadSource(Reader& reader, const Node& node, SourceSpec& source);
/// Reads `source.options`: names from an allow-list, secrets from variables or files only.
void ReadKafkaOptions(Reader& reader, const Node& node, SourceSpec& source);

void ReadLake(Reader& reader, const Node& node, LakeSpec& lake);
/// Reads `lake.s3`; without one, `node` is the lake's and the variables of the environment count.
void ReadS3(Reader& reader, const Node& node, LakeSpec& lake);

void ReadWarehouse(Reader& reader, const Node& node, WarehouseSpec& warehouse);

void ReadBronze(Reader& reader, const Node& node, BronzeSpec& bronze);
void ReadColumns(Reader& reader, const Node& node, std::vector<Field>& columns);
/// The keys of a bronze table that say how bytes become rows.
std::vector<Key> DecodeKeys(Reader& reader, DecodeOptions& decode);

/// `bronze` may lack its name when that was wrong; then `from` is not checked.
void ReadSilver(Reader& reader, const Node& node, const BronzeSpec& bronze,
                std::vector<SilverSpec>& silver);
void ReadExpectations(Reader& reader, const Node& node, std::vector<Expectation>& expect);
void ReadWarehouseTable(Reader& reader, const Node& node, WarehouseTableSpec& table);

/// Reads the list of a `partition_by`. `columns` are those of the table, where they are known.
void ReadPartitionBy(Reader& reader, const Node& node, const std::vector<Field>* columns,
                     std::vector<PartitionField>& fields, std::vector<Place>& places);

/// Reads `time_window` of a table; reports one that has nothing to judge.
void ReadTimeWindow(Reader& reader, const Node& node, TimeWindow& window);
void CheckTimeWindow(Reader& reader, const Node& table,
                     const std::vector<PartitionField>& partition_by);

void ReadGold(Reader& reader, const Node& node, GoldSpec& gold);

void ReadMaintenance(Reader& reader, const Node& node, MaintenanceSpec& maintenance);

/// Reads `serve`; without one, `node` is the file's root and the environment counts.
void ReadServe(Reader& reader, const Node& node, ServeSpec& serve);

/// Reads the name of a lake table from its key, or reports.
bool ReadTableKey(Reader& reader, const Node& node, TableName& table);

}  // namespace sluice
