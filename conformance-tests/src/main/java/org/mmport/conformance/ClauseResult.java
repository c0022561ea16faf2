package org.mmport.conformance;

/**
 * What a clause said of a variant.
 *
 * @param clause its id
 * @param variant the variant's id
 * @param outcome pass, fail or not applicable
 * @param reason one line; empty where it passed
 * @param seed what the random choices were made from
 * @param millis how long it took
 */
public record ClauseResult(
    String clause, String variant, ClauseOutcome outcome, String reason, long seed, long millis) {}
