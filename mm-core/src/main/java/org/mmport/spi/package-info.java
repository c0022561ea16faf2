/**
 * What a port says about its architecture, and nothing else: the only package of mm-core that a
 * port may see.
 *
 * <p>Geometry is data ({@link org.mmport.spi.PagingGeometry}), entry bits are behaviour ({@link
 * org.mmport.spi.PteFormat}), TLB duties are values ({@link org.mmport.spi.TlbDuty}). What a port
 * must say, by capability:
 *
 * <ul>
 *   <li>To be found: an {@link org.mmport.spi.Architecture} registered with {@code @AutoService}.
 *   <li>To have its tables walked and built: {@link org.mmport.spi.PagingGeometry} and {@link
 *       org.mmport.spi.PteFormat}.
 *   <li>To have its TLB kept honest: {@link org.mmport.spi.TlbRules}.
 *   <li>To have dumps of its kernels read: {@link org.mmport.spi.RootFinder} and, where an ELF core
 *       carries registers, {@link org.mmport.spi.CpuNote}.
 *   <li>For contiguous entries: {@link org.mmport.spi.BatchOps}; for a TLB that is keyed by
 *       segment: {@link org.mmport.spi.SegmentMap}. Both have defaults that are right for everybody
 *       else.
 * </ul>
 *
 * <p>Addresses and raw entries are unsigned 64-bit values in a {@code long}. Raw entries are always
 * in native form: the byte order of memory is applied by the core, once, when it loads or stores
 * one.
 */
@NullMarked
package org.mmport.spi;

import org.jspecify.annotations.NullMarked;
