package org.mmport.mm;

/**
 * Which private memory is mapped by huge pages where it is written first: {@code
 * /sys/kernel/mm/transparent_hugepage/enabled}.
 */
public enum HugePagePolicy {
  /** None. */
  NEVER,
  /** That for which {@link HugePageAdvice#HUGEPAGE} was given. */
  MADVISE,
  /** All but that for which {@link HugePageAdvice#NOHUGEPAGE} was given. */
  ALWAYS
}
