#pragma once

#include <string_view>

/// The codes that the loader itself reports. explain.md has the text of these and of those that
/// later stages report.
namespace sluice::codes {

inline constexpr std::string_view kFileUnreadable = "E0101";
inline constexpr std::string_view kNoPipelineFile = "E0102";
inline constexpr std::string_view kBadBytes = "E0103";
inline constexpr std::string_view kYamlSyntax = "E0104";
inline constexpr std::string_view kYamlFeature = "E0105";
inline constexpr std::string_view kDuplicateKey = "E0106";
inline constexpr std::string_view kUnknownKey = "E0107";
inline constexpr std::string_view kMissingKey = "E0108";
inline constexpr std::string_view kWrongType = "E0109";
inline constexpr std::string_view kUnknownValue = "E0110";
inline constexpr std::string_view kBadDuration = "E0111";
inline constexpr std::string_view kBadSize = "E0112";
inline constexpr std::string_view kBadNumber = "E0113";
inline constexpr std::string_view kTooDeep = "E0114";

inline constexpr std::string_view kUndefinedVariable = "E0120";
inline constexpr std::string_view kBadReference = "E0121";
inline constexpr std::string_view kFileMissing = "E0122";
inline constexpr std::string_view kSecretFileExposed = "E0123";
inline constexpr std::string_view kSecretInClear = "E0124";
inline constexpr std::string_view kTlsNotVerified = "E0125";
inline constexpr std::string_view kS3Credentials = "E0126";

inline constexpr std::string_view kBadName = "E0201";
inline constexpr std::string_view kNameTooLong = "E0202";
inline constexpr std::string_view kReservedName = "E0203";
inline constexpr std::string_view kDuplicateColumn = "E0204";
inline constexpr std::string_view kUnknownType = "E0205";
inline constexpr std::string_view kUnknownTable = "E0206";
inline constexpr std::string_view kNotOneBronze = "E0207";
inline constexpr std::string_view kKeyMissing = "E0208";
inline constexpr std::string_view kKeyWithoutUpsert = "E0209";
inline constexpr std::string_view kBadPartition = "E0210";
inline constexpr std::string_view kGoldWithoutWarehouse = "E0211";
inline constexpr std::string_view kDbtProjectMissing = "E0212";
inline constexpr std::string_view kBadBrokers = "E0213";
inline constexpr std::string_view kOptionRefused = "E0214";
inline constexpr std::string_view kBadWarehouseUrl = "E0215";
inline constexpr std::string_view kBadLakeRoot = "E0216";
inline constexpr std::string_view kSqlLayout = "E0217";
inline constexpr std::string_view kTableTwice = "E0218";
inline constexpr std::string_view kBadTopic = "E0219";
inline constexpr std::string_view kBadStartTime = "E0220";
inline constexpr std::string_view kBadTimeZone = "E0221";
inline constexpr std::string_view kBadListenAddress = "E0222";
inline constexpr std::string_view kBadToken = "E0223";
inline constexpr std::string_view kIdleTimeWindow = "E0224";

// Reported once SQL was compiled, by CheckSilverColumns.
inline constexpr std::string_view kUnknownSilverColumn = "E0306";

}  // namespace sluice::codes
