#include "lake/s3_verdict.h"

#include <gtest/gtest.h>

#include "lake/object_store.h"

namespace sluice {
namespace {

HttpReply Reply(int status, const std::string& code = "", const std::string& more = "") {
  HttpReply reply{.status = status, .headers = {}, .body = {}};
  if (!code.empty()) reply.body = "<Error><Code>" + code + "</Code>" + more + "</Error>";
  return reply;
}
S3Verdict Of(int status, const std::string& code = "") {
  return Judge(Reply(status, code), false);
}

TEST(S3VerdictTest, KnowsWhatRepliesMean) {
  EXPECT_EQ(Of(200), S3Verdict::kDone);
  EXPECT_EQ(Of(204), S3Verdict::kDone);
  EXPECT_EQ(Of(404, "NoSuchKey"), S3Verdict::kNoObject);
  EXPECT_EQ(Of(404), S3Verdict::kNoObject);
  EXPECT_EQ(Of(404, "NoSuchBucket"), S3Verdict::kNoBucket);
  EXPECT_EQ(Of(412, "PreconditionFailed"), S3Verdict::kExists);
  EXPECT_EQ(Of(409, "ConditionalRequestConflict"), S3Verdict::kExists);
  EXPECT_EQ(Of(416, "InvalidRange"), S3Verdict::kBeyondEnd);
  EXPECT_EQ(Of(400, "InvalidRequest"), S3Verdict::kWrongRequest);
  EXPECT_EQ(Of(405, "MethodNotAllowed"), S3Verdict::kWrongRequest);
}

TEST(S3VerdictTest, BusyIsTriedAgain) {
  for (const int status : {408, 429, 500, 502, 503, 504}) EXPECT_EQ(Of(status), S3Verdict::kBusy);
  for (const char* code : {"RequestTimeout", "XAmzContentSHA256Mismatch", "BadDigest"}) {
    EXPECT_EQ(Of(400, code), S3Verdict::kBusy) << code;
  }
}

TEST(S3VerdictTest, RefusedNeedsAPerson) {
  for (const int status : {301, 307, 401, 403, 507}) EXPECT_EQ(Of(status), S3Verdict::kRefused);
  for (const char* code : {"ExpiredToken", "InvalidToken", "AuthorizationHeaderMalformed"}) {
    EXPECT_EQ(Of(400, code), S3Verdict::kRefused) << code;
  }
  EXPECT_EQ(Of(404, "XAdminUserNotFound"), S3Verdict::kRefused);
  EXPECT_EQ(Of(404, "SomethingElse"), S3Verdict::kRefused);
}

TEST(S3VerdictTest, AnErrorUnderAGoodStatusIsOne) {
  EXPECT_EQ(Of(200, "InternalError"), S3Verdict::kBusy);
  EXPECT_EQ(Of(200, "SomethingNew"), S3Verdict::kBusy);
  EXPECT_EQ(Of(200, "AccessDenied"), S3Verdict::kRefused);
  // An object may hold such a text.
  EXPECT_EQ(Judge(Reply(200, "InternalError"), true), S3Verdict::kDone);
}

TEST(S3VerdictTest, FailuresSayWhatToDo) {
  const Error wrong_key = S3Failure(
      S3Verdict::kRefused, Reply(403, "InvalidAccessKeyId", "<Message>No such key.</Message>"),
      "PUT s3://raw/x");
  EXPECT_EQ(wrong_key.kind, ErrorKind::kRetryable);
  EXPECT_EQ(wrong_key.code, kStoreRefused);
  EXPECT_EQ(wrong_key.message,
            "the S3 store refuses us: PUT s3://raw/x failed: InvalidAccessKeyId: No such key.");
  EXPECT_NE(wrong_key.hint.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_EQ(S3Failure(S3Verdict::kNoObject, Reply(404), "GET s3://raw/x").code, kNotFound);
  EXPECT_EQ(S3Failure(S3Verdict::kExists, Reply(412), "PUT s3://raw/x").code, kAlreadyExists);
  EXPECT_EQ(S3Failure(S3Verdict::kBusy, Reply(503), "x").kind, ErrorKind::kRetryable);
  EXPECT_EQ(S3Failure(S3Verdict::kWrongRequest, Reply(400), "x").kind, ErrorKind::kFatal);
}

TEST(S3VerdictTest, RedirectsAreTold) {
  HttpReply reply = Reply(301);
  reply.headers["x-amz-bucket-region"] = "eu-west-1";
  reply.headers["location"] = "https://elsewhere/\x1b[31m";
  const Error error = S3Failure(S3Verdict::kRefused, reply, "GET s3://raw/x");
  EXPECT_NE(error.message.find("eu-west-1"), std::string::npos);
  EXPECT_NE(error.message.find("elsewhere"), std::string::npos);
  EXPECT_EQ(error.message.find('\x1b'), std::string::npos);
}

TEST(S3VerdictTest, ShowsNoSecretsOfTheReply) {
  const HttpReply reply =
      Reply(400, "ExpiredToken", "<Message>expired</Message><Token-0>s3cret</Token-0>");
  const Error error = S3Failure(S3Verdict::kRefused, reply, "GET s3://raw/x");
  EXPECT_EQ((error.message + error.hint).find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace sluice
