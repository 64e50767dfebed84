// Moonstone. Licence: see LICENSE.
// Signatures and documents of S3, against the examples of Amazon's documentation.
#include <string>

#include <gtest/gtest.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "files/internal/s3_signature.h"
#include "files/internal/s3_xml.h"

namespace moonstone::files {
namespace {

const S3Credentials kExample{.access_key = "AKIAIOSFODNN7EXAMPLE",
                             .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                             .session_token = ""};
constexpr std::int64_t kExampleTime = 1'369'353'600'000;  // 20130524T000000Z

std::string signature_of(const S3Request& request) {
  const auto headers = sign(request, kExample, "us-east-1", kExampleTime);
  const std::string& text = headers.back().second;
  return text.substr(text.find("Signature=") + 10);
}

TEST(S3Signature, ListOfTheDocumentation) {
  const S3Request request{.method = "GET",
                          .host = "examplebucket.s3.amazonaws.com",
                          .path = "/",
                          .query = {{"max-keys", "2"}, {"prefix", "J"}},
                          .payload_sha256 = to_hex(sha256(""))};
  EXPECT_EQ(target_of(request), "/?max-keys=2&prefix=J");
  EXPECT_EQ(signature_of(request),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST(S3Signature, LifecycleOfTheDocumentation) {
  const S3Request request{.method = "GET",
                          .host = "examplebucket.s3.amazonaws.com",
                          .path = "/",
                          .query = {{"lifecycle", ""}},
                          .payload_sha256 = to_hex(sha256(""))};
  EXPECT_EQ(signature_of(request),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST(S3Signature, WhatIsSignedIsWhatIsSent) {
  const S3Request request{.method = "GET",
                          .host = "h",
                          .path = "/bucket/a b/ü+~",
                          .query = {{"z", "1"}, {"a", "+/=& "}},
                          .payload_sha256 = "x"};
  EXPECT_EQ(target_of(request), "/bucket/a%20b/%C3%BC%2B~?a=%2B%2F%3D%26%20&z=1");
}

TEST(S3Signature, ATokenOfTemporaryCredentialsIsSigned) {
  S3Credentials temporary = kExample;
  temporary.session_token = "token";
  const auto headers =
      sign({.method = "GET", .host = "h", .path = "/", .query = {}, .payload_sha256 = "x"},
           temporary, "us-east-1", kExampleTime);
  EXPECT_NE(headers.back().second.find(
                "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token"),
            std::string::npos);
}

TEST(S3Xml, ObjectPages) {
  const auto page = parse_object_page(R"(<?xml version="1.0"?>
    <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name>
      <IsTruncated>true</IsTruncated><NextContinuationToken>a&amp;b&#x41;</NextContinuationToken>
      <!-- <Contents> -->
      <Contents><Key>a&lt;b</Key><Size>12</Size><Owner><ID>x</ID></Owner>
        <LastModified>2009-10-12T17:50:30.000Z</LastModified></Contents>
      <Contents><Key>c</Key><Size/></Contents>
    </ListBucketResult>)");
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->next, "a&bA");
  ASSERT_EQ(page->objects.size(), 2U);
  EXPECT_EQ(page->objects[0].key, "a<b");
  EXPECT_EQ(page->objects[0].size, 12U);
  EXPECT_EQ(page->objects[0].modified_unix_ms, 1'255'369'830'000);
  EXPECT_EQ(page->objects[1].size, 0U);
}

TEST(S3Xml, WhatIsNoListIsAnError) {
  for (const std::string_view text :
       {"", "hello", "<html>", "<a></b>", "<ListBucketResult>", "<ListBucketResult></x>",
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
        "<!DOCTYPE x><ListBucketResult></ListBucketResult>", "<ListBucketResult>&bad;",
        "<a>&#xFFFFFFFFF;</a>", "</a>", "<>", "<Error><Code>x</Code></Error>"}) {
    EXPECT_FALSE(parse_object_page(text)) << text;
  }
  std::string deep;
  for (int i = 0; i < 100'000; ++i)
    deep += "<a>";
  EXPECT_FALSE(parse_object_page(deep));
}

TEST(S3Xml, UploadsAndErrors) {
  EXPECT_EQ(parse_upload_id("<InitiateMultipartUploadResult><UploadId>u&amp;1</UploadId>"
                            "</InitiateMultipartUploadResult>")
                .value(),
            "u&1");
  EXPECT_FALSE(parse_upload_id("<InitiateMultipartUploadResult></InitiateMultipartUploadResult>"));
  const auto page = parse_upload_page(
      "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>"
      "<NextUploadIdMarker>i</NextUploadIdMarker><Upload><Key>k</Key><UploadId>i</UploadId>"
      "<Initiated>2009-10-12T17:50:30Z</Initiated></Upload></ListMultipartUploadsResult>");
  ASSERT_TRUE(page) << page.error().message();
  EXPECT_EQ(page->next_key, "k");
  EXPECT_EQ(page->uploads.at(0).initiated_unix_ms, 1'255'369'830'000);
  EXPECT_EQ(error_text_of("<Error><Code>C</Code><Message>m</Message></Error>"), "C: m");
  EXPECT_EQ(error_text_of("<Error><Code>C</Code></Error>"), "C");
  EXPECT_EQ(error_text_of("not XML <"), "");
  EXPECT_EQ(escape_xml("\"a<b>&\""), "&quot;a&lt;b&gt;&amp;&quot;");
}

}  // namespace
}  // namespace moonstone::files
