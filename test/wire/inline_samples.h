// A sample of each shape of message, so that the tests mean something where the golden file of
// Kafka is missing.
#pragma once

#include <cstdint>

namespace runnel::wire {

// Written by an encoder that is checked against Kafka's classes. JSON as in the golden file.
struct InlineSample {
  const char* name;
  int16_t version;
  const char* json;
  const char* hex;
};
inline constexpr InlineSample kInlineSamples[] = {
    {"RequestHeader", 1,
     R"({"requestApiKey":18,"requestApiVersion":0,"correlationId":1,"clientId":"me"})",
     "001200000000000100026d65"},
    {"RequestHeader", 2,
     R"({"requestApiKey":18,"requestApiVersion":3,"correlationId":1,"clientId":null})",
     "0012000300000001ffff00"},
    {"ApiVersionsRequest", 3, R"({"clientSoftwareName":"c","clientSoftwareVersion":"1.0"})",
     "026304312e3000"},
    {"ApiVersionsResponse", 3,
     R"({"errorCode":0,"apiKeys":[{"apiKey":18,"minVersion":0,"maxVersion":4}],"throttleTime)"
     R"(Ms":0,"supportedFeatures":[{"name":"group.version","minVersion":0,"maxVersion":1}],")"
     R"(finalizedFeaturesEpoch":7})",
     "0000020012000000040000000000020014020e67726f75702e76657273696f6e00000001000108000000"
     "0000000007"},
    {"MetadataRequest", 1, R"({"topics":null})", "ffffffff"},
    {"MetadataRequest", 12,
     R"({"topics":[{"topicId":"AQIDBAUGBwgJCgsMDQ4PEA","name":null}],"allowAutoTopicCreation)"
     R"(":false,"includeTopicAuthorizedOperations":false})",
     "020102030405060708090a0b0c0d0e0f100000000000"},
    {"ProduceRequest", 3,
     R"({"transactionalId":null,"acks":-1,"timeoutMs":1500,"topicData":[{"name":"t","partiti)"
     R"(onData":[{"index":2,"records":"YmF0Y2g="}]}]})",
     "ffffffff000005dc000000010001740000000100000002000000056261746368"},
    {"ProduceRequest", 13,
     R"({"transactionalId":"x","acks":1,"timeoutMs":1500,"topicData":[{"topicId":"AQIDBAUGBw)"
     R"(gJCgsMDQ4PEA","partitionData":[{"index":2,"records":"YmF0Y2g="}]}]})",
     "02780001000005dc020102030405060708090a0b0c0d0e0f100200000002066261746368000000"},
    {"ProduceResponse", 10,
     R"({"responses":[{"name":"t","partitionResponses":[{"index":0,"errorCode":6,"baseOffset)"
     R"(":-1,"logAppendTimeMs":-1,"logStartOffset":-1,"recordErrors":[{"batchIndex":1,"batch)"
     R"(IndexErrorMessage":"bad"}],"errorMessage":null,"currentLeader":{"leaderId":3,"leader)"
     R"(Epoch":9}}]}],"throttleTimeMs":0,"nodeEndpoints":[{"nodeId":3,"host":"h","port":9092)"
     R"(,"rack":null}]})",
     "02027402000000000006ffffffffffffffffffffffffffffffffffffffffffffffff0200000001046261"
     "640000010009000000030000000900000000000001000d02000000030268000023840000"},
    {"FetchRequest", 4,
     R"({"replicaId":-1,"maxWaitMs":500,"minBytes":1,"maxBytes":1048576,"isolationLevel":1,")"
     R"(topics":[{"topic":"t","partitions":[{"partition":0,"fetchOffset":42,"partitionMaxByt)"
     R"(es":1024}]}]})",
     "ffffffff000001f4000000010010000001000000010001740000000100000000000000000000002a0000"
     "0400"},
    {"FetchRequest", 18,
     R"({"clusterId":"c","replicaState":{"replicaId":2,"replicaEpoch":5},"maxWaitMs":0,"minB)"
     R"(ytes":0,"maxBytes":2147483647,"isolationLevel":0,"sessionId":0,"sessionEpoch":-1,"to)"
     R"(pics":[{"topicId":"AQIDBAUGBwgJCgsMDQ4PEA","partitions":[{"partition":0,"currentLead)"
     R"(erEpoch":-1,"fetchOffset":1,"lastFetchedEpoch":-1,"logStartOffset":-1,"partitionMaxB)"
     R"(ytes":0,"highWatermark":1}]}],"forgottenTopicsData":[],"rackId":""})",
     "00000000000000007fffffff0000000000ffffffff020102030405060708090a0b0c0d0e0f1002000000"
     "00ffffffff0000000000000001ffffffffffffffffffffffff0000000001010800000000000000010001"
     "010200020263010d00000002000000000000000500"},
    {"FetchResponse", 11,
     R"({"throttleTimeMs":0,"errorCode":0,"sessionId":0,"responses":[{"topic":"t","partition)"
     R"(s":[{"partitionIndex":0,"errorCode":0,"highWatermark":5,"lastStableOffset":4,"logSta)"
     R"(rtOffset":0,"abortedTransactions":[{"producerId":1,"firstOffset":2}],"preferredReadR)"
     R"(eplica":-1,"records":"YmF0Y2g="}]}]})",
     "000000000000000000000000000100017400000001000000000000000000000000000500000000000000"
     "0400000000000000000000000100000000000000010000000000000002ffffffff000000056261746368"},
    {"JoinGroupResponse", 5,
     R"({"throttleTimeMs":0,"errorCode":0,"generationId":3,"protocolName":"range","leader":")"
     R"(a","memberId":"a","members":[{"memberId":"a","groupInstanceId":null,"metadata":"AQ==)"
     R"("}]})",
     "00000000000000000003000572616e676500016100016100000001000161ffff0000000101"},
    {"OffsetFetchRequest", 2, R"({"groupId":"g","topics":null})", "000167ffffffff"},
    {"ConsumerGroupHeartbeatResponse", 0,
     R"({"throttleTimeMs":0,"errorCode":0,"errorMessage":null,"memberId":"m","memberEpoch":1)"
     R"(,"heartbeatIntervalMs":5000,"assignment":{"topicPartitions":[{"topicId":"AQIDBAUGBwg)"
     R"(JCgsMDQ4PEA","partitions":[0,1]}]}})",
     "00000000000000026d000000010000138801020102030405060708090a0b0c0d0e0f1003000000000000"
     "0001000000"},
    {"DescribeTopicPartitionsRequest", 0,
     R"({"topics":[{"name":"t"}],"responsePartitionLimit":2000,"cursor":null})",
     "02027400000007d0ff00"},
    {"CreateTopicsResponse", 7,
     R"({"throttleTimeMs":0,"topics":[{"name":"t","topicId":"AQIDBAUGBwgJCgsMDQ4PEA","errorC)"
     R"(ode":0,"errorMessage":null,"topicConfigErrorCode":29,"numPartitions":1,"replicationF)"
     R"(actor":1,"configs":null}]})",
     "000000000202740102030405060708090a0b0c0d0e0f1000000000000001000100010002001d00"},
    {"DeleteGroupsRequest", 2, R"({"groupsNames":["a","bc"]})", "03026103626300"},
    // Versions that Kafka 4 has dropped.
    {"ListOffsetsRequest", 0,
     R"({"replicaId":-1,"topics":[{"name":"t","partitions":[{"partitionIndex":1,"timestamp":)"
     R"(-1,"maxNumOffsets":2}]}]})",
     "ffffffff000000010001740000000100000001ffffffffffffffff00000002"},
    {"ListOffsetsResponse", 0,
     R"({"topics":[{"name":"t","partitions":[{"partitionIndex":1,"errorCode":0,"oldStyleOffs)"
     R"(ets":[7,0]}]}]})",
     "00000001000174000000010000000100000000000200000000000000070000000000000000"},
    {"OffsetCommitRequest", 0,
     R"({"groupId":"g","topics":[{"name":"t","partitions":[{"partitionIndex":0,"committedOff)"
     R"(set":7,"committedMetadata":null}]}]})",
     "0001670000000100017400000001000000000000000000000007ffff"},
    {"OffsetCommitRequest", 1,
     R"({"groupId":"g","generationIdOrMemberEpoch":-1,"memberId":"","topics":[{"name":"t","p)"
     R"(artitions":[{"partitionIndex":0,"committedOffset":7,"commitTimestamp":-1,"committedM)"
     R"(etadata":"m"}]}]})",
     "000167ffffffff00000000000100017400000001000000000000000000000007ffffffffffffffff0001"
     "6d"},
    {"OffsetFetchResponse", 0,
     R"({"topics":[{"name":"t","partitions":[{"partitionIndex":0,"committedOffset":7,"metada)"
     R"(ta":"","errorCode":0}]}]})",
     "000000010001740000000100000000000000000000000700000000"},
    {"CreateTopicsRequest", 0,
     R"({"topics":[{"name":"t","numPartitions":1,"replicationFactor":1,"assignments":[],"con)"
     R"(figs":[]}],"timeoutMs":1000})",
     "000000010001740000000100010000000000000000000003e8"},
    {"CreateTopicsResponse", 1, R"({"topics":[{"name":"t","errorCode":36,"errorMessage":null}]})",
     "000000010001740024ffff"},
    {"DeleteTopicsResponse", 0, R"({"responses":[{"name":"t","errorCode":3}]})",
     "000000010001740003"},
    {"OffsetForLeaderEpochResponse", 0,
     R"({"topics":[{"topic":"t","partitions":[{"errorCode":0,"partition":1,"endOffset":7}]}])"
     R"(})",
     "00000001000174000000010000000000010000000000000007"},
    {"DescribeConfigsResponse", 0,
     R"({"throttleTimeMs":0,"results":[{"errorCode":0,"errorMessage":null,"resourceType":2,")"
     R"(resourceName":"t","configs":[{"name":"n","value":"v","readOnly":false,"isDefault":tr)"
     R"(ue,"isSensitive":false}]}]})",
     "00000000000000010000ffff020001740000000100016e000176000100"},
};

}  // namespace runnel::wire
