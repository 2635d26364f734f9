import { type DynamicModule, Inject, type MiddlewareConsumer, Module, type NestModule } from '@nestjs/common'
import { APP_GUARD } from '@nestjs/core'
import type { Leeway } from 'leeway'
import { createGuard, createHandler, type GuardPages, type HandlerOptions, type NodeContext, toNode } from 'leeway/http'
import { MfaGuard } from './mfa.guard.ts'
import { GUARD, LEEWAY, OPTIONS } from './tokens.ts'

// #region module
export interface LeewayModuleOptions extends Omit<HandlerOptions<NodeContext>, 'basePath'> {
  leeway: Leeway
  pages?: GuardPages
}

/** leeway's guard in front of every route, its own routes under /mfa, and `@Inject(LEEWAY)` everywhere. */
@Module({})
export class LeewayModule implements NestModule {
  constructor(@Inject(OPTIONS) private readonly options: LeewayModuleOptions) {}

  static forRoot(options: LeewayModuleOptions): DynamicModule {
    const { leeway, identify, pages, onError } = options
    return {
      module: LeewayModule,
      global: true,
      providers: [
        { provide: OPTIONS, useValue: options },
        { provide: LEEWAY, useValue: leeway },
        { provide: GUARD, useValue: createGuard({ leeway, identify, pages, onError }) },
        // For all controllers of the application, those of other modules too: none is forgotten.
        { provide: APP_GUARD, useClass: MfaGuard },
      ],
      exports: [LEEWAY],
    }
  }

  configure(consumer: MiddlewareConsumer): void {
    const { pages: _, ...options } = this.options
    consumer.apply(toNode(createHandler(options))).forRoutes('mfa/{*path}')
  }
}
// #endregion
