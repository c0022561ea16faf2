package org.mmport.interleave;

import java.util.Optional;

/**
 * What came of exploring a program.
 *
 * @param complete whether every order within the bound was run, or one failed
 * @param schedules orders that were run, all rounds together
 * @param steps that were taken in them
 * @param shared places that more than one thread was found to touch, and not only to load
 * @param failure the first order that failed
 */
public record Exploration(
    boolean complete, long schedules, long steps, int shared, Optional<Failure> failure) {}
