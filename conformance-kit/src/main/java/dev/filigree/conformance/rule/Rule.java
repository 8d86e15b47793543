package dev.filigree.conformance.rule;

import java.util.Locale;

/**
 * The rules that a backend is judged by. The sentence and the intent of each stand in {@code docs/conformance.md};
 * a number is never reused.
 */
public enum Rule {
    R101(Level.REQUIRED, "emptyCallsWriteNothing"),
    R102(Level.REQUIRED, "inputsStayUnchanged"),
    R103(Level.REQUIRED, "nothingOutsideOutputsIsWritten"),
    R104(Level.REQUIRED, "stridedTensorsAreViews"),
    R105(Level.REQUIRED, "storageRoundsToNearestEven"),
    R106(Level.REQUIRED, "equalRunsGiveEqualBits"),
    R107(Level.REQUIRED, "extentsVaryBetweenRuns"),
    R108(Level.REQUIRED, "nanStaysInItsRow"),
    R109(Level.OPTIONAL, "dtypesOfOneOpMayDiffer"),
    R110(Level.REQUIRED, "stepsOfAPlanSeeEachOther"),
    R111(Level.REQUIRED, "boundOffsetsAreHonoured"),
    R112(Level.UNTESTED, "runChoosesNothing"),
    R201(Level.REQUIRED, "denseMatchesReference"),
    R202(Level.REQUIRED, "causalIsBottomRightAligned"),
    R203(Level.REQUIRED, "rowWithoutKeysIsZero"),
    R204(Level.REQUIRED, "streamingHeadKeepsSinkAndRecent"),
    R205(Level.REQUIRED, "scaleMultipliesEveryScore"),
    R206(Level.REQUIRED, "weightsSumToOne"),
    R207(Level.REQUIRED, "lseIsTheNaturalLog"),
    R208(Level.REQUIRED, "queryHeadsShareKvHeadsByIndex"),
    R209(Level.REQUIRED, "sequencesOfABatchDoNotMix"),
    R210(Level.REQUIRED, "onlyServedHeadsAreWritten"),
    R211(Level.REQUIRED, "keyAndValueDimsMayDiffer"),
    R212(Level.REQUIRED, "chunkedPrefillEqualsWhole"),
    R213(Level.REQUIRED, "bidirectionalIgnoresKeyOrder"),
    R214(Level.REQUIRED, "largeScoresStayFinite"),
    R221(Level.REQUIRED, "streamingMatchesReference"),
    R222(Level.REQUIRED, "streamingUsesAbsolutePositions"),
    R223(Level.REQUIRED, "streamingChunksEqualWhole"),
    R224(Level.REQUIRED, "wideWindowEqualsDense"),
    R301(Level.REQUIRED, "blockSparseMatchesReference"),
    R302(Level.REQUIRED, "allBlocksEqualDense"),
    R303(Level.REQUIRED, "unchosenBlocksHaveNoInfluence"),
    R304(Level.REQUIRED, "maskAppliesInsideBlocks"),
    R305(Level.REQUIRED, "blocksAreAnchoredAtPositions"),
    R306(Level.REQUIRED, "emptyListGivesEmptyRow"),
    R307(Level.REQUIRED, "entriesPastTheCountAreNotRead"),
    R401(Level.REQUIRED, "pagedMatchesReference"),
    R402(Level.REQUIRED, "pageIdsDoNotMatter"),
    R403(Level.REQUIRED, "pagedEqualsContiguous"),
    R404(Level.REQUIRED, "staleSlotsAreNotRead"),
    R405(Level.REQUIRED, "onlyChosenPagesAreRead"),
    R406(Level.REQUIRED, "ringIsReadThroughItsColumns"),
    R407(Level.REQUIRED, "quantizedPagesReadAsScaleTimesCodeMinusZero"),
    R408(Level.REQUIRED, "unusedColumnsAreNotRead"),
    R409(Level.REQUIRED, "pagedChunksEqualWhole"),
    R410(Level.REQUIRED, "choiceRowsFollowSlots"),
    R501(Level.REQUIRED, "mergeMatchesReference"),
    R502(Level.REQUIRED, "partsMergeToTheWhole"),
    R503(Level.REQUIRED, "emptyPartIsTheIdentity"),
    R504(Level.REQUIRED, "emptyPartsMergeToEmpty"),
    R505(Level.REQUIRED, "mergeIgnoresOrder"),
    R506(Level.REQUIRED, "mergeMayWorkInPlace"),
    R601(Level.REQUIRED, "antidiagonalScoreMatchesReference"),
    R602(Level.REQUIRED, "massDoesNotDependOnChunking"),
    R603(Level.REQUIRED, "massOfARowCountsItsStripes"),
    R604(Level.REQUIRED, "blockSelectIsExact"),
    R605(Level.REQUIRED, "thresholdOneTakesEveryReachableBlock"),
    R606(Level.REQUIRED, "sinkAndDiagonalBlocksAreKept"),
    R607(Level.REQUIRED, "tiesGoToTheLowerBlock"),
    R608(Level.REQUIRED, "fewestBlocksReachTheThreshold"),
    R609(Level.REQUIRED, "nanMassTakesEveryReachableBlock"),
    R610(Level.REQUIRED, "groupsAgreeOnBlocks"),
    R611(Level.REQUIRED, "pageScoreMatchesReference"),
    R612(Level.REQUIRED, "pageScoreBoundsEveryKey"),
    R613(Level.REQUIRED, "pageSelectIsExact"),
    R614(Level.REQUIRED, "sinkAndNewestPagesAreKept"),
    R615(Level.REQUIRED, "reusedListKeepsTheNewestPage"),
    R616(Level.REQUIRED, "tiesGoToTheLowerPage"),
    R617(Level.REQUIRED, "chosenSetHoldsItsCertificate"),
    R618(Level.REQUIRED, "unreadScoresDoNotMatter"),
    R621(Level.REQUIRED, "massFollowsTheFormula"),
    R622(Level.REQUIRED, "alternatingResiduesSeeEverySlash"),
    R701(Level.REQUIRED, "appendMatchesReference"),
    R702(Level.REQUIRED, "appendThenGatherReturnsWhatWasStored"),
    R703(Level.REQUIRED, "onlyNamedSlotsChange"),
    R704(Level.REQUIRED, "ringColumnsWrap"),
    R705(Level.REQUIRED, "recycledPagesForgetTheirStatistics"),
    R706(Level.REQUIRED, "statisticsBoundStoredKeys"),
    R707(Level.REQUIRED, "codesFollowTheFormula"),
    R708(Level.REQUIRED, "appendRotatesLikeRope"),
    R709(Level.REQUIRED, "gatherReturnsRetainedTokensInOrder"),
    R710(Level.REQUIRED, "roundCurrentPassesThroughStorage"),
    R711(Level.REQUIRED, "evictedPagesComeBackUnchanged"),
    R712(Level.REQUIRED, "copiesCopyWholePages"),
    R713(Level.REQUIRED, "appendInPartsEqualsWhole"),
    R714(Level.REQUIRED, "pageStatsMatchAppend"),
    R801(Level.REQUIRED, "linearMatchesReference"),
    R802(Level.REQUIRED, "linearPicksColumnsOfTheWeight"),
    R803(Level.REQUIRED, "biasIsAddedOnce"),
    R804(Level.REQUIRED, "rowsAreIndependent"),
    R811(Level.REQUIRED, "activationCodesFollowTheFormula"),
    R812(Level.REQUIRED, "lowBitLinearMatchesReference"),
    R813(Level.REQUIRED, "weightZerosCount"),
    R814(Level.REQUIRED, "integerSumsAreExact"),
    R815(Level.REQUIRED, "lowRankBranchAddsItsProduct"),
    R816(Level.REQUIRED, "adaptersAddWithTheirStrength"),
    R817(Level.REQUIRED, "groupScalesApplyToTheirGroup"),
    R818(Level.REQUIRED, "fusedLayersEqualTheirSteps"),
    R819(Level.REQUIRED, "adaptersStandBesideTheBranch"),
    R901(Level.REQUIRED, "embeddingCopiesRows"),
    R902(Level.REQUIRED, "rmsNormFollowsTheFormula"),
    R903(Level.REQUIRED, "epsIsAdded"),
    R904(Level.REQUIRED, "layerNormFollowsTheFormula"),
    R905(Level.REQUIRED, "varianceComesFromDifferences"),
    R906(Level.REQUIRED, "ropeTurnsByPosition"),
    R907(Level.REQUIRED, "ropeKeepsRelativeAngles"),
    R908(Level.REQUIRED, "ropePairsChannelsByStyle"),
    R909(Level.REQUIRED, "swiGluFollowsTheFormula"),
    R910(Level.REQUIRED, "geluFollowsTheFormula"),
    R911(Level.REQUIRED, "addFollowsTheFormula"),
    R912(Level.REQUIRED, "argmaxTiesGoToTheLowerIndex"),
    R913(Level.REQUIRED, "argmaxFindsNaN"),
    R914(Level.REQUIRED, "sampleFollowsTheSteps"),
    R915(Level.REQUIRED, "sampleDependsOnSeedAndPosition"),
    R916(Level.REQUIRED, "temperatureZeroIsArgmax"),
    R917(Level.REQUIRED, "elementwiseMayWorkInPlace"),
    R918(Level.REQUIRED, "modulateFollowsTheFormula"),
    R919(Level.REQUIRED, "sequencesHaveTheirOwnModulation"),
    R1001(Level.REQUIRED, "scopesFreeTheirBuffers"),
    R1002(Level.REQUIRED, "buffersStartZeroedAndAligned"),
    R1003(Level.REQUIRED, "closedBuffersAreDead"),
    R1004(Level.REQUIRED, "workspaceIsExact"),
    R1005(Level.REQUIRED, "failedAllocationChangesNothing"),
    R1006(Level.REQUIRED, "offsetsPassTwoGigabytes"),
    R1007(Level.OPTIONAL, "runAllocatesNothing"),
    R1008(Level.REQUIRED, "uploadsHoldTheirBytes"),
    R1101(Level.REQUIRED, "probeAnswers"),
    R1102(Level.REQUIRED, "supportAndPrepareAgree"),
    R1103(Level.REQUIRED, "missingBindingsAreRefused"),
    R1104(Level.REQUIRED, "streamsKeepOrder"),
    R1105(Level.REQUIRED, "unknownOptionsAreRefused"),
    R1106(Level.REQUIRED, "kernelsHaveIds"),
    R1107(Level.REQUIRED, "backendIsThreadSafe"),
    R1108(Level.REQUIRED, "closingTwiceIsAllowed"),
    R1109(Level.UNTESTED, "noNativeLibraryBeforeOpen"),
    R1110(Level.UNTESTED, "deviceFailuresNameTheOp"),
    R1201(Level.REQUIRED, "equalProblemsGiveEqualPlans"),
    R1202(Level.REQUIRED, "onlyAskedHeadsArePlanned"),
    R1203(Level.REQUIRED, "policyIgnoresChunking"),
    R1204(Level.REQUIRED, "policyIgnoresTheBatch"),
    R1205(Level.REQUIRED, "everyKeyCountsOnce"),
    R1206(Level.REQUIRED, "needsCoverWhatIsRead"),
    R1207(Level.REQUIRED, "budgetIsKept"),
    R1208(Level.REQUIRED, "massAndRecallReachTheirFloors"),
    R1209(Level.REQUIRED, "policiesCompose"),
    R1210(Level.REQUIRED, "policyIgnoresTheBackend");

    private final Level level;
    private final String gist;

    Rule(Level level, String gist) {
        this.level = level;
        this.gist = gist;
    }

    /** How binding it is. */
    public Level level() {
        return level;
    }

    /** The rule in one compound word. */
    public String gist() {
        return gist;
    }

    /** What it is about. */
    public Area area() {
        return Area.of(Integer.parseInt(name().substring(1)));
    }

    /** The name of its tests, such as {@code required_R204_streamingHeadKeepsSinkAndRecent}. */
    public String testName() {
        return level.word().toLowerCase(Locale.ROOT) + "_" + name() + "_" + gist;
    }
}
